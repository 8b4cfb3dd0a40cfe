# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import Report
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.python import PythonWish
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.reader import read_requirements


def wish(folder: Path, files: dict[str, bytes], python: str | None = None) -> tuple[PythonWish, Report]:
    for name, content in {"requirements.txt": b"streamlit\n", **files}.items():
        (folder / name).write_bytes(content)
    report = Report()
    return read_requirements(str(folder), report.about(str(folder / "setup.toml")), python).python, report


@pytest.mark.parametrize(
    ("name", "content", "version"),
    [
        (".python-version", b"3.12\n", "3.12"),
        (".python-version", b"# made by uv\n\n3.11.4\n3.9\n", "3.11"),
        (".python-version", "3.12\r\n".encode("utf-16"), "3.12"),
        (".python-version", b"cpython@3.10", "3.10"),
        (".python-version", b"3.14-dev", "3.14"),
        ("runtime.txt", b"python-3.11.9\n", "3.11"),
        ("runtime.txt", b"python-3.9", "3.9"),
    ],
)
def test_a_version_of_a_file_is_obeyed(tmp_path: Path, name: str, content: bytes, version: str) -> None:
    found, report = wish(tmp_path, {name: content})
    assert found == PythonWish(version, name)
    assert report.problems == []


def test_another_patch_level_is_told(tmp_path: Path) -> None:
    _found, report = wish(tmp_path, {"runtime.txt": b"python-3.11.9"})
    assert "any Python 3.11 is taken: exactly 3.11.9 needs [environment] python" in report.notices[0]


def test_setup_toml_wins_and_leaves_the_files_unread(tmp_path: Path) -> None:
    found, report = wish(tmp_path, {".python-version": b"2.7", "runtime.txt": b"\xff"}, "3.12.4")
    assert (found, report.problems, report.notices) == (PythonWish("3.12.4", "setup.toml"), [], [])


def test_the_file_for_the_developer_goes_before_that_for_a_cloud(tmp_path: Path) -> None:
    found, _report = wish(tmp_path, {".python-version": b"3.12", "runtime.txt": b"python-3.9"})
    assert found.said_by == ".python-version"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"pypy3.10-7.3", "another Python than CPython 3"),
        (b"2.7.18", "another Python than CPython 3"),
        (b"3.7", "asks for Python 3.7, the oldest here is 3.9"),
    ],
)
def test_what_cannot_be_had_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    _found, report = wish(tmp_path, {".python-version": content})
    assert [problem.file for problem in report.problems] == [str(tmp_path / ".python-version")]
    assert message in report.problems[0].message
    assert "[environment] python" in report.problems[0].message


@pytest.mark.parametrize("content", [b"my-env", b"system", b"", b"3." + b"1" * 100_000])
def test_what_names_no_version_is_told_and_has_no_effect(tmp_path: Path, content: bytes) -> None:
    found, report = wish(tmp_path, {".python-version": content})
    assert (found, report.problems) == (PythonWish(), [])
    assert "names no version of Python" in report.notices[0]
    assert len(report.notices[0]) < 500


def test_conditions_of_a_project_are_handed_on(tmp_path: Path) -> None:
    project = b'[project]\nname = "a"\nrequires-python = ">=3.10,<3.13"\ndependencies = ["streamlit"]\n'
    (tmp_path / "pyproject.toml").write_bytes(project)
    (tmp_path / "uv.lock").write_text(
        'version = 1\nrequires-python = ">=3.10, <3.13"\n'
        '[[package]]\nname = "a"\nversion = "0"\nsource = { virtual = "." }\n'
    )
    found, report = wish(tmp_path, {})
    assert (found, report.problems) == (PythonWish(None, "pyproject.toml", (">=3.10", "<3.13")), [])
