# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares this checkout with another one: converge, change one app of many, and what a front takes for one request.

    git worktree add /tmp/before COMMIT
    PYTHONPATH=collections:tests python tests/benchmarks/before_and_after.py /tmp/before

Both have a host of their own on this machine at the same time and are measured in turn, so noise meets both. A ratio
above 1 says that this checkout is slower.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from helpers.checkout import CHECKOUT
from measure import Row, middle, table

PROGRAM = CHECKOUT / "tests" / "benchmarks" / "side.py"
MEASURED = {
    "converge": ("no-op converge of %d apps", "s"),
    "change": ("change 1 of %d apps", "s"),
    "nginx_page": ("a page through nginx", "ms"),
    "nginx_process": ("an answer of the process through nginx", "ms"),
    "caddy_page": ("a page through Caddy", "ms"),
    "caddy_process": ("an answer of the process through Caddy", "ms"),
}


class OneSide:
    """The process that measures one checkout."""

    def __init__(self, checkout: Path, count: int, variables: str) -> None:
        places = [checkout / "collections", checkout / "tests", checkout / "tests" / "benchmarks"]
        self._process = subprocess.Popen(
            # As text: else Python would look for modules in the program's folder first, which is this checkout's.
            [sys.executable, "-c", PROGRAM.read_text(encoding="utf-8"), str(count), variables],
            cwd=checkout,
            env={**os.environ, "PYTHONPATH": ":".join(map(str, places))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def wait(self) -> None:
        """Until its host serves."""
        assert self._line() == "ready\n"

    def measure(self, what: str) -> float:
        assert self._process.stdin
        self._process.stdin.write(what + "\n")
        self._process.stdin.flush()
        return float(json.loads(self._line()))

    def close(self) -> None:
        """Its host goes."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()

    def _line(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, "one side has ended; see above"
        return line


def pairs_of(after: OneSide, before: OneSide, what: str, count: int) -> list[tuple[float, float]]:
    """What both sides take, in turn; who is measured first changes, because the second one finds warmer caches."""
    pairs = []
    for number in range(count):
        if number % 2:
            second = before.measure(what)
            pairs.append((after.measure(what), second))
        else:
            pairs.append((after.measure(what), before.measure(what)))
    return pairs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("before", type=Path, help="the other checkout")
    parser.add_argument("--apps", type=int, default=50)
    parser.add_argument("--repeats", type=int, default=6, help="of a playbook; requests take five times as many")
    parser.add_argument(
        "--variables", default="{}", help="JSON, for every playbook; ansible_become false lets root be root"
    )
    given = parser.parse_args()
    after, before = (OneSide(path, given.apps, given.variables) for path in (CHECKOUT, given.before.resolve()))
    try:
        for side in (after, before):
            side.wait()
        rows = []
        for what, (name, unit) in MEASURED.items():
            quick = unit == "ms"
            pairs = pairs_of(after, before, what, given.repeats * (5 if quick else 1))
            rows.append(Row(name % given.apps if "%d" in name else name, *middle(pairs), unit, "<= 1"))
        print(table(rows))
    finally:
        for side in (after, before):
            side.close()


if __name__ == "__main__":
    main()
