# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``make mutants``: whether it can be believed when it says that a change was noticed."""

from __future__ import annotations

import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from helpers.mutations import Mutant, mutants
from tools import mutants as tool
from tools.mutants import (
    BrokenError,
    Runner,
    Same,
    Verdict,
    candidates,
    changed,
    lists_of_tests,
    noticed,
    report,
    sample,
)

SOURCE = "def bigger(a, b):\n    return a > b\n"
FAILED = "F\n1 failed, 2 passed in 0.12s\n"
SANDBOXED = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode == 0


def file(path: Path, text: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A checkout with one file that has a test."""
    file(tmp_path / tool.UTILS / "_room" / "size.py", SOURCE)
    file(tmp_path / "tests/unit/plugins/module_utils/_room/test_size.py")
    return tmp_path


Run = t.Callable[[Path, t.Sequence[str], t.Optional[float]], "tuple[int | None, str]"]


def answers(*given: tuple[int | None, str]) -> Run:
    """Tests that end like this, one time after another; then they pass."""
    left = list(given)
    return lambda copy, tests, limit: left.pop(0) if left else (0, "1 passed in 0.10s")


# -- Whether a change was noticed


def test_passing_tests_have_noticed_nothing() -> None:
    assert not noticed(0, "3 passed in 0.12s")


@pytest.mark.parametrize(
    ("code", "output"),
    [
        (1, FAILED),
        (1, "=========== 1 failed in 12.00s ===========\n"),
        (2, "ERROR tests/unit/test_x.py\n1 error in 0.20s\n"),
        (None, "..."),
        (-9, ""),
        (137, ""),
    ],
)
def test_a_failed_test_an_import_that_fails_and_an_end_that_never_comes_are_noticed(
    code: int | None, output: str
) -> None:
    assert noticed(code, output)


@pytest.mark.parametrize(
    ("code", "output"),
    [
        (1, "unshare: unshare failed: Operation not permitted"),
        (1, "No module named pytest"),
        (4, "ERROR: file or directory not found: tests/unit/test_x.py"),
        (5, "no tests ran in 0.01s"),
        (125, ""),
    ],
)
def test_where_no_test_ran_nothing_is_noticed(code: int, output: str) -> None:
    with pytest.raises(BrokenError, match="No tests ran"):
        noticed(code, output)


def test_tests_that_fail_without_a_change_end_the_run(copy: Path) -> None:
    (first, *_) = mutants("_room/size.py", SOURCE)
    with pytest.raises(BrokenError, match=r"fail with unchanged code .*test_size"):
        Runner(copy, answers((1, FAILED))).notices(first)


def test_a_change_that_a_test_fails_on_is_noticed(copy: Path) -> None:
    (first, *_) = mutants("_room/size.py", SOURCE)
    assert Runner(copy, answers((0, ""), (1, FAILED))).notices(first)
    assert not Runner(copy, answers()).notices(first)


def test_tests_without_end_count_only_where_they_end_without_the_change(copy: Path) -> None:
    (first, *_) = mutants("_room/size.py", SOURCE)
    assert Runner(copy, answers((0, ""), (None, ""), (0, ""))).notices(first)
    with pytest.raises(BrokenError, match="fail with unchanged code"):
        Runner(copy, answers((0, ""), (None, ""), (None, ""))).notices(first)


def test_the_tests_see_the_change_and_afterwards_the_code_is_as_before(copy: Path) -> None:
    seen = []

    def look(folder: Path, tests: t.Sequence[str], limit: float | None) -> tuple[int, str]:
        seen.append((folder / tool.UTILS / "_room" / "size.py").read_text())
        return 0, ""

    (first, *_) = mutants("_room/size.py", SOURCE)
    Runner(copy, look).notices(first)
    assert first.source in seen
    assert (copy / tool.UTILS / "_room" / "size.py").read_text() == SOURCE


def test_a_change_of_the_same_size_and_second_is_not_hidden_by_old_bytecode(tmp_path: Path) -> None:
    module = tmp_path / "size.py"
    module.write_text("a = 1\n")

    def a() -> str:
        return subprocess.run(
            [sys.executable, "-c", "import size; print(size.a)"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()

    assert a() == "1"
    with changed(module, "a = 2\n"):
        assert a() == "2"
    assert a() == "1"


@pytest.mark.skipif(not SANDBOXED, reason="makes namespaces as root")
def test_changed_code_reaches_nothing_but_its_own_folders(tmp_path: Path) -> None:
    script = """import os
print(len([name for name in os.listdir('/proc') if name.isdigit()]), os.listdir('/tmp'))
open(%r, 'w')"""
    words = [sys.executable, "-c", script % str(tool.CHECKOUT / "pyproject.toml.new")]
    done = subprocess.run(tool.command(words, 0, 0), capture_output=True, text=True, check=False)
    assert done.stdout == "2 []\n"
    assert "Read-only file system" in done.stderr


# -- Which tests belong to a file


def test_the_files_own_tests_come_first_then_its_room_then_who_imports_it(tmp_path: Path) -> None:
    for name in ("app.py", "app_choice.py", "other.py"):
        file(tmp_path / tool.UTILS / "_room" / name)
    mirror = Path("tests/unit/plugins/module_utils")
    imports = "from ansible_collections.selfhost.pyapps.plugins."
    for test in ("test_app.py", "test_app_properties.py", "test_app_choice.py", "test_other.py"):
        file(tmp_path / mirror / "_room" / test)
    file(tmp_path / mirror / "_above" / "test_one.py", imports + "module_utils._room.app import run\n")
    file(tmp_path / mirror / "_above" / "test_two.py", imports + "module_utils._room import app as _app\n")
    file(tmp_path / mirror / "_above" / "test_not.py", imports + "module_utils._room.app_choice import run\n")
    file(tmp_path / "plugins/modules/setup.py", imports + "module_utils._room.app import run\n")
    file(tmp_path / "tests/unit/plugins/modules/test_setup.py", imports + "modules import setup\n")
    file(tmp_path / "tests/helpers/made.py", imports + "module_utils._room import app\n")
    file(tmp_path / "tests/unit/test_made.py", "from helpers.made import make\n")
    own, room, others = lists_of_tests("_room/app.py", tmp_path)
    assert own == [str(mirror / "_room" / name) for name in ("test_app.py", "test_app_properties.py")]
    assert sorted(room) == sorted(
        str(mirror / "_room" / name)
        for name in ("test_app.py", "test_app_properties.py", "test_app_choice.py", "test_other.py")
    )
    assert others == [
        str(mirror / "_above" / "test_one.py"),
        str(mirror / "_above" / "test_two.py"),
        "tests/unit/plugins/modules/test_setup.py",
        "tests/unit/test_made.py",
    ]


def test_a_file_that_nothing_tests_has_no_tests(tmp_path: Path) -> None:
    file(tmp_path / tool.UTILS / "_room" / "app.py")
    assert lists_of_tests("_room/app.py", tmp_path) == []


# -- Which changes are made


def test_a_seed_makes_the_same_choice_and_another_one_another(copy: Path) -> None:
    found = mutants("_room/long.py", "".join("x = a < %d\n" % number for number in range(50)))
    assert sample(found, 10, 1) == sample(found, 10, 1)
    assert sample(found, 10, 1) != sample(found, 10, 2)
    assert len(sample(found, 1000, 1)) == len(found)


def test_a_room_can_be_chosen(copy: Path) -> None:
    file(copy / tool.UTILS / "_other" / "one.py", SOURCE)
    assert {mutant.file for mutant in candidates(copy, [], [])} == {"_room/size.py", "_other/one.py"}
    assert {mutant.file for mutant in candidates(copy, ["_other"], [])} == {"_other/one.py"}


def test_what_changes_nothing_is_not_made_while_the_code_is_so(copy: Path) -> None:
    same = Same("_room/size.py", "return a > b", "return a <= b")
    assert [mutant.after for mutant in candidates(copy, [], [same])] == ["return None"]
    with pytest.raises(BrokenError, match="names what is not in the code"):
        candidates(copy, [], [same._replace(before="return a >= b")])


def test_every_change_that_is_said_to_change_nothing_has_a_reason_and_is_in_the_code() -> None:
    known = tool.known()
    assert all(known.values())
    assert candidates(tool.CHECKOUT, [], known)


# -- What is said


def test_the_report_names_what_was_not_noticed_and_counts_by_room() -> None:
    one = Mutant("_a/x.py", 3, "if a < b:", "if a >= b:", "")
    two = Mutant("_b/y.py", 7, "return a", "return None", "")
    lines, code = report([Verdict(one, noticed=True), Verdict(two, noticed=False)])
    assert lines == [
        "Not noticed:",
        "_b/y.py:7",
        "    - return a",
        "    + return None",
        "",
        "ROOM  CHANGES  NOTICED",
        "_a    1        1",
        "_b    1        0",
        "",
        "1 of 2 changes were noticed",
    ]
    assert code == 1


def test_95_of_100_are_enough_and_94_are_not() -> None:
    one = Mutant("_a/x.py", 3, "if a < b:", "if a >= b:", "")
    assert report([Verdict(one, noticed=number >= 5) for number in range(100)])[1] == 0
    assert report([Verdict(one, noticed=number >= 6) for number in range(100)])[1] == 1
