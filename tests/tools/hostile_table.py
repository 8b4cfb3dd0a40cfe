# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints what the hostile suite has tried (``make hostile``), and what got through; docs/reference/attacks.md keeps it.

Exits with 1 when something got through that the threat model does not say, or when a place was not attacked at all.
"""

from __future__ import annotations

import collections
import typing as t
from pathlib import Path

from ansible_collections.selfhost.pyapps.plugins.plugin_utils._table import table
from helpers.attacks import Attack, recorded
from helpers.docs_tables import with_rows
from helpers.places import EXPECTED

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "attacks.md"
HEAD = "| where | attack | tries | got through |\n|---|---|---|---|\n"
CONTROLLER = "controller"
"""Where attacks on this machine's own code are recorded."""


def together(attacks: t.Iterable[Attack]) -> list[Attack]:
    """One line for each attack of a place, however many hosts of this kind there are; sorted."""
    sums: dict[tuple[bool, str, str], list[int]] = collections.defaultdict(lambda: [0, 0])
    for attack in attacks:
        of_this = sums[attack.is_open, attack.where, attack.name]
        of_this[0] += attack.tries
        of_this[1] += attack.through
    return [Attack(where, name, *counts, is_open) for (is_open, where, name), counts in sorted(sums.items())]


def report(attacks: t.Iterable[Attack], expected: t.Collection[str]) -> tuple[list[str], int]:
    """The lines to print, and the exit code.

    :param expected: places that must have been attacked
    """
    found = together(attacks)
    closed, known = ([attack for attack in found if attack.is_open == is_open] for is_open in (False, True))
    rows = [[attack.where, attack.name, str(attack.tries), str(attack.through)] for attack in closed]
    lines = table(["WHERE", "ATTACK", "TRIES", "GOT THROUGH"], rows)
    if known:
        lines += ["", "Open, as docs/explanation/safety.md says:"]
        rows = [[attack.where, attack.name, str(attack.tries)] for attack in known]
        lines += table(["WHERE", "ATTACK", "TRIES"], rows)
    missing = sorted(set(expected) - {attack.where for attack in found})
    through = sum(attack.through for attack in closed)
    lines += ["", *("Nothing was attacked here: %s" % place for place in missing)]
    lines.append(
        "%d attacks, %d tries, %d got through" % (len(closed), sum(attack.tries for attack in closed), through)
    )
    return lines, 1 if missing or through else 0


def with_table(page: str, attacks: t.Iterable[Attack]) -> str:
    """The page with these attacks as its table; what is open is in the threat model's own table."""
    closed = [attack for attack in together(attacks) if not attack.is_open]
    rows = [[attack.where, attack.name, str(attack.tries), str(attack.through)] for attack in closed]
    return with_rows(page, HEAD, rows)


def main() -> int:
    lines, code = report(recorded(), EXPECTED | {CONTROLLER})
    print("\n".join(lines))
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8"), recorded()), encoding="utf-8")
    return code


if __name__ == "__main__":
    raise SystemExit(main())
