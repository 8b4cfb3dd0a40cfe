# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which small changes `make mutants` makes of a source, and which it leaves out."""

from __future__ import annotations

import textwrap

import pytest
from helpers.mutations import mutants


def changes(source: str) -> list[str]:
    """What becomes of the lines that are changed."""
    return [mutant.after for mutant in mutants("a.py", textwrap.dedent(source))]


@pytest.mark.parametrize(
    ("line", "after"),
    [
        ("x = a < b", ["x = a >= b"]),
        ("x = a == b != c", ["x = a != b != c", "x = a == b == c"]),
        ("x = a in b", ["x = a not in b"]),
        ("x = a not  in b", ["x = a in b"]),
        ("x = a is not None", ["x = a is None"]),
        ("x = (a) is (b)", ["x = (a) is not (b)"]),
        ("x = a and b or c", ["x = a or b or c", "x = a and b and c"]),
        ("x = not (a or b)", ["x = (a or b)", "x = not (a and b)"]),
        ("x = not(a)", ["x = (a)"]),
        ("x = a + b", ["x = a - b"]),
        ("x -= a", ["x += a"]),
        ("x = len(a) > 3", ["x = len(a) <= 3", "x = len(a) > 2", "x = len(a) > 4"]),
        ("x = a[1:-2]", ["x = a[2:-2]", "x = a[1:-3]"]),
        ("x = a[0]", ["x = a[1]"]),
        ("x = range(2)", ["x = range(1)", "x = range(3)"]),
    ],
)
def test_an_operator_or_a_boundary_is_another_one(line: str, after: list[str]) -> None:
    assert sorted(changes(line)) == sorted(after)


@pytest.mark.parametrize(
    ("returned", "after"),
    [("a.b()", ["return None"]), ("True", ["return False"]), ("None", []), ("", [])],
)
def test_what_a_function_returns_is_lost(returned: str, after: list[str]) -> None:
    assert changes("def f():\n    return %s\n" % returned) == after


@pytest.mark.parametrize(
    "source",
    [
        '"""A text: a < b and not c."""',
        "x = 5",
        "x = y = True",
        "x: t.Literal[1] | None",
        "def f(a: t.Annotated[int, 1 < 2]) -> t.Literal[3]: pass",
        "def __repr__(self): return self.a + self.b",
        "if t.TYPE_CHECKING:\n    x = a < b",
        'if __name__ == "__main__":\n    raise SystemExit(not main())',
        "logger.warning(a, b + 1)",
        "say(len(a) + 1)",
        'x = a + "/" + b',
        "x = a + [b]",
        'x += "/"',
    ],
)
def test_what_nobody_would_test_stays(source: str) -> None:
    assert changes(source) == []


def test_a_change_says_where_it_is_and_leaves_the_rest_as_it_was() -> None:
    source = "# é\nx = (\n    a  # this and that\n    and b\n)\n"
    (mutant,) = mutants("_room/a.py", source)
    assert mutant[:4] == ("_room/a.py", 4, "and b", "or b")
    assert mutant.source == source.replace("    and", "    or")


def test_a_change_behind_letters_of_several_bytes_is_at_its_place() -> None:
    assert changes('x = "éé" == a') == ['x = "éé" != a']


def test_what_python_would_not_read_is_no_change() -> None:
    assert changes("def f():\n    for x[0] in y: pass\n") == ["for x[1] in y: pass"]
    assert all(compile(mutant.source, "a", "exec") for mutant in mutants("a.py", "x = not a and (not b)\n"))
