# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding an interpreter that every user may run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments import python as pythons

SYSTEM = "/usr/bin/python3"


def test_a_path_becomes_an_exact_interpreter() -> None:
    """S0-22: real path, full version, platform."""
    found = pythons.find_python(SYSTEM)
    assert found.path == os.path.realpath(SYSTEM)
    assert found.version.startswith("cpython-3.")
    assert found.platform.startswith("linux-")
    assert found.tag.startswith("cpython-3")


def test_a_version_is_searched_and_has_to_be_exact() -> None:
    """S0-25: "3.11" finds any 3.11; "3.11.99" none."""
    number = pythons.find_python(SYSTEM).number
    minor = ".".join(number.split(".")[:2])
    assert pythons.find_python(minor).number.startswith(minor + ".")
    with pytest.raises(pythons.NoPythonError, match=r"Python %s\.99 is not installed .* is %s" % (minor, number)):
        pythons.find_python(minor + ".99")


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("three", 'python is "three": give a version such as "3.12"'),
        ("/nope/python3", "python /nope/python3 does not exist"),
        (
            "3.99",
            "Here are: 3.*; Debian itself has one version only.*pyapps_python_downloads: true.*put python3.99 into",
        ),
        ("/bin/true", "is not a Python interpreter"),
        ("/bin/false", "does not work: exit 1"),
        ("/etc/passwd", "cannot be started|does not work"),
    ],
)
def test_what_is_no_python_is_said(wanted: str, message: str) -> None:
    """S0-24: no traceback for a typo."""
    with pytest.raises(pythons.NoPythonError, match=message):
        pythons.find_python(wanted)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can use what others cannot")
def test_an_interpreter_that_only_root_may_run_is_refused(tmp_path: Path) -> None:
    """S0-22: below /root (pyenv) an app's user could not start it."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    copy = closed / "python3"
    copy.write_bytes(Path(os.path.realpath(SYSTEM)).read_bytes())
    copy.chmod(0o755)
    with pytest.raises(pythons.NoPythonError, match="only its owner may enter"):
        pythons.find_python(str(copy))


def _interpreter(number: str) -> pythons.Interpreter:
    return pythons.Interpreter("/opt/" + number, "cpython-" + number, "linux", "0", "cpython-3")


@pytest.mark.parametrize(
    ("conditions", "taken"),
    [
        ((), "3.11.2"),
        ((">=3.9",), "3.11.2"),
        ((">=3.12",), "3.13.1"),
        (("<3.11",), "3.10.4"),
        (("!=3.11.*", "<3.13"), "3.12.9"),
    ],
)
def test_the_default_is_taken_where_it_fits_else_the_newest_that_does(
    monkeypatch: pytest.MonkeyPatch, conditions: tuple[str, ...], taken: str
) -> None:
    there = tuple(map(_interpreter, ("3.13.1", "3.12.9", "3.11.2", "3.10.4")))
    monkeypatch.setattr(pythons, "installed", lambda: there)
    monkeypatch.setattr(pythons, "find_python", lambda _wanted: there[2])
    assert pythons.find_python_for(conditions, "python").number == taken
    with pytest.raises(pythons.NoPythonError, match=r"is >=3.14, as Pipfile asks. Here are: 3.13.1, 3.12.9"):
        pythons.find_python_for((">=3.14",), "python", "Pipfile")


def test_the_file_that_asks_is_named() -> None:
    with pytest.raises(pythons.NoPythonError, match=r"Python 3.98, which .python-version asks for, is not installed"):
        pythons.find_python("3.98", ".python-version")


def test_interpreters_of_the_host_are_found_by_their_names() -> None:
    assert pythons.find_python(SYSTEM).number in [each.number for each in pythons.installed()]
