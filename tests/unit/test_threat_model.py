# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/explanation/safety.md can be checked: its lines name tests that are there, and what is open is all that is."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import pytest
from helpers.known_holes import OPEN
from helpers.places import EXPECTED

CHECKOUT = Path(__file__).resolve().parents[2]
PAGE = CHECKOUT / "docs" / "explanation" / "safety.md"
NAMED = re.compile(r"`((?:tests|molecule)/[\w/]+\.py)(?:::(\w+))?`")


def rows(heading: str) -> list[list[str]]:
    """The cells of the table below a heading, line by line."""
    text = PAGE.read_text(encoding="utf-8").split("## %s\n" % heading)[1].split("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert len(lines) > 2, heading
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


@functools.lru_cache(None)
def functions(path: Path) -> set[str]:
    """The tests of a file; it is not run."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    return {name for name in names if name.startswith("test_")}


@pytest.mark.parametrize("row", rows("With root"), ids=lambda row: "%s: %s" % (row[0], row[2][:50]))
def test_a_line_names_tests_that_are_there(row: list[str]) -> None:
    who, whom, what, how, tests = row
    assert all((who, whom, what, how))
    named = NAMED.findall(tests)
    assert named, "no test is named"
    for path, function in named:
        assert (CHECKOUT / path).is_file(), path
        assert not function or function in functions(CHECKOUT / path), "%s has no %s" % (path, function)


@pytest.mark.parametrize(
    "path",
    sorted((CHECKOUT / "tests" / "hostile").rglob("test_*.py")),
    ids=lambda path: str(path.relative_to(CHECKOUT)),
)
def test_every_attack_is_in_a_line(path: Path) -> None:
    """A file that is named as a whole, or each of its tests."""
    named = [found for row in rows("With root") for found in NAMED.findall(row[4])]
    here = {function for file, function in named if CHECKOUT / file == path}
    assert "" in here or functions(path) <= here, sorted(functions(path) - here)


def test_what_the_page_says_to_be_open_is_what_the_attacks_expect_to_be_open() -> None:
    assert sorted((where, attack) for where, attack in rows("What is open")) == sorted(OPEN)
    assert {where for where, _attack in OPEN} <= EXPECTED
