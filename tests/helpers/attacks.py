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


def tries(few: int, all_of_them: int) -> int:
    """How often to try: a part in ``make test``, everything in ``make hostile``."""
    return all_of_them if os.environ.get(FULL) == "full" else few


def record(where: str, name: str, count: int, through: t.Sequence[object]) -> None:
    """Add one attack to the table, and fail the test if it got through.

    :param where: what was attacked: ``controller``, ``home nginx``, ``image``, ...
    :param name: the attack, in words
    :param count: how often it was tried; none is a test that tests nothing
    :param through: what got through, one item each
    """
    assert count > 0, "%s: nothing was tried" % name
    RECORDS.parent.mkdir(exist_ok=True)
    with RECORDS.open("a", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(json.dumps({"where": where, "attack": name, "tries": count, "through": len(through)}) + "\n")
    assert not through, "%s got through %d of %d times: %s" % (name, len(through), count, list(through)[:5])
