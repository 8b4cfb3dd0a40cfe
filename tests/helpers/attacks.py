# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the hostile suite has tried: each attack with its tries, and how often it got through."""

from __future__ import annotations

import fcntl
import json
import os
import typing as t
from pathlib import Path

RECORDS = Path(__file__).resolve().parents[2] / ".cache" / "hostile.jsonl"
FULL = "PYAPPS_HOSTILE"
"""Environment variable: "full" asks for every try; otherwise a part of them, for ``make test``."""


class Attack(t.NamedTuple):
    """One line of the record.

    :param tries: how often it was tried
    :param through: how often it got through
    :param is_open: whether it is known, and said in the threat model, that it gets through there
    """

    where: str
    name: str
    tries: int
    through: int
    is_open: bool = False


_Much = t.TypeVar("_Much")


def tries(few: _Much, all_of_them: _Much) -> _Much:
    """How often (or what) to try: a part in ``make test``, everything in ``make hostile``."""
    return all_of_them if os.environ.get(FULL) == "full" else few


def record(where: str, name: str, count: int, through: t.Sequence[object]) -> None:
    """Add one attack to the table, and fail the test if it got through.

    :param where: what was attacked: ``controller``, ``home: nginx``, ``image``, ...
    :param name: the attack, in words
    :param count: how often it was tried; none is a test that tests nothing
    :param through: what got through, one item each
    """
    _add(Attack(where, name, count, len(through)))
    assert not through, "%s got through %d of %d times: %s" % (name, len(through), count, list(through)[:5])


def record_open(where: str, name: str, count: int, through: t.Sequence[object]) -> None:
    """Add an attack that the threat model says is open there, and fail the test if it did *not* get through."""
    _add(Attack(where, name, count, len(through), is_open=True))
    assert through, "%s: the threat model says that this is open in %r; it is not" % (name, where)


def _add(attack: Attack) -> None:
    assert attack.tries > 0, "%s: nothing was tried" % attack.name
    RECORDS.parent.mkdir(exist_ok=True)
    with RECORDS.open("a", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(json.dumps(attack._asdict()) + "\n")


def recorded(path: Path = RECORDS) -> list[Attack]:
    """Everything that was added since the file was made; nothing without a file."""
    if not path.exists():
        return []
    return [Attack(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
