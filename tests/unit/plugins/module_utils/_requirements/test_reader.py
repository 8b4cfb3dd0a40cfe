# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import Report
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.reader import read_requirements

PROJECT = '[project]\nname = "a"\nversion = "0"\ndependencies = ["streamlit==1.41.*"]\n'
LOCK = (
    'version = 1\nrequires-python = ">=3.9"\n'
    'package = [{name = "a", version = "0", source = {virtual = "."}, dependencies = []}]\n'
)


def read(folder: Path, files: dict[str, str | bytes]) -> tuple[dict[str, str], str, Report]:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    report = Report()
    needs = read_requirements(str(folder), report.about(str(folder / "setup.toml")), package="streamlit")
    return needs.files, needs.entry, report


def lines(report: Report) -> list[str]:
    return [problem.as_line() for problem in report.problems]


@pytest.mark.parametrize(
    ("present", "entry", "taken"),
    [
        ({"requirements.txt"}, "requirements.txt", {"requirements.txt"}),
        ({"pyproject.toml"}, "pyproject.toml", {"pyproject.toml"}),
        ({"pyproject.toml", "uv.lock"}, "pyproject.toml", {"pyproject.toml", "uv.lock"}),
        ({"requirements.txt", "pyproject.toml"}, "requirements.txt", {"requirements.txt"}),
        ({"requirements.txt", "uv.lock"}, "requirements.txt", {"requirements.txt"}),
        ({"requirements.txt", "pyproject.toml", "uv.lock"}, "pyproject.toml", {"pyproject.toml", "uv.lock"}),
    ],
)
def test_which_files_are_taken(tmp_path: Path, present: set[str], entry: str, taken: set[str]) -> None:
    contents = {"requirements.txt": "streamlit\n", "pyproject.toml": PROJECT, "uv.lock": LOCK}
    texts, found_entry, report = read(tmp_path, {name: contents[name] for name in present})
    assert (found_entry, texts) == (entry, {name: contents[name] for name in sorted(taken)})
    assert lines(report) == []
    assert len(report.notices) == len(present - taken)  # what lies there and is not used is said


@pytest.mark.parametrize("files", [{}, {"uv.lock": "version = 1\n"}, {"pyproject.toml": "[tool.ruff]\n"}])
def test_no_requirements_at_all_means_the_newest_streamlit_and_is_told(
    tmp_path: Path, files: dict[str, str | bytes]
) -> None:
    texts, _entry, report = read(tmp_path, files)
    assert (texts, report.problems) == ({"requirements.txt": "streamlit\n"}, [])
    assert "write a requirements.txt" in report.notices[0]
    assert ["uv.lock is not used" in each for each in report.notices[1:]] == ([True] if "uv.lock" in files else [])


@pytest.mark.parametrize("text", ["", "# streamlit\n", "\n \n", "-c limits.txt\n"])
def test_a_list_without_a_package_says_what_to_write(tmp_path: Path, text: str) -> None:
    _texts, _entry, report = read(tmp_path, {"requirements.txt": text, "limits.txt": ""})
    assert ["write a requirements.txt" in line for line in lines(report)] == [True]


def test_includes_are_followed_each_once_also_in_a_circle(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "requirements.txt": "-r more/base.txt\n-cmore/limits.txt\n",
        "more/base.txt": "--requirement=../requirements.txt\n--constraint limits.txt\nstreamlit\n",
        "more/limits.txt": "pandas<3\n",
    }
    texts, _entry, report = read(tmp_path, files)
    assert lines(report) == []
    assert texts == {"requirements.txt": "streamlit\n", "constraints.txt": "pandas<3\n"}


@pytest.mark.parametrize(
    "include",
    ["-r ../x.txt", "-r /etc/passwd", "-c a/../../x", "-r https://example.com/r.txt", "-r ~/x", "-r a b.txt", "-r ''"],
)
def test_an_include_does_not_leave_the_folder(tmp_path: Path, include: str) -> None:
    _texts, _entry, report = read(tmp_path, {"requirements.txt": "streamlit\n%s\n" % include})
    assert [(problem.key, problem.found) for problem in report.problems] == [("line 2", '"%s"' % include)]
    assert "not in the folder" in report.problems[0].message


def test_a_missing_include_and_a_link_out_are_errors_of_that_file(tmp_path: Path) -> None:
    app = tmp_path / "app"
    app.mkdir()
    (tmp_path / "secret.txt").write_text("x", encoding="utf-8")
    (app / "link.txt").symlink_to("../secret.txt")
    _texts, _entry, report = read(app, {"requirements.txt": "streamlit\n-r link.txt\n-r none.txt\n"})
    assert [(os.path.basename(problem.file), problem.message) for problem in report.problems] == [
        ("link.txt", "is a link that leads out of the app's folder: copy the file into the folder"),
        ("none.txt", "does not exist"),
    ]


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16"])
def test_lists_and_projects_that_windows_wrote_are_taken(tmp_path: Path, codec: str) -> None:
    files: dict[str, str | bytes] = {
        "requirements.txt": "streamlit\r\n-r more.txt\r\n".encode(codec),
        "more.txt": "rich\r\n".encode(codec),
        "project/pyproject.toml": PROJECT.replace("\n", "\r\n").encode(codec),
    }
    texts, _entry, report = read(tmp_path, files)
    assert (texts, lines(report)) == ({"requirements.txt": "streamlit\nrich\n"}, [])
    texts, _entry, report = read(tmp_path / "project", {})
    assert (texts, lines(report)) == ({"pyproject.toml": PROJECT}, [])


def test_very_many_includes_are_refused(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"%d.txt" % number: "-r %d.txt\na\n" % (number + 1) for number in range(60)}
    _texts, _entry, report = read(tmp_path, {**files, "requirements.txt": "-r 0.txt\n"})
    assert ["more than 50 files" in line for line in lines(report)] == [True]


def test_a_password_in_a_url_is_not_shown(tmp_path: Path) -> None:
    _texts, _entry, report = read(tmp_path, {"requirements.txt": "a @ git+https://me:geheim@example.com/a\n"})
    assert "geheim" not in lines(report)[0]
    assert "***@example.com" in lines(report)[0]


def test_a_wrong_line_is_named_by_the_first_of_its_lines(tmp_path: Path) -> None:
    text = "streamlit \\\n  ==1.41.* \\\n  # why\r\n# -e .\n\t-e .\nlast==1#2\\"
    _texts, _entry, report = read(tmp_path, {"requirements.txt": text})
    assert [problem.key for problem in report.problems] == ["line 5", "line 6"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("requirements.txt", b"\xff", "not UTF-8"),
        ("requirements.txt", b"\xff\xfes", "begins as UTF-16"),
        ("requirements.txt", b"streamlit\x00", "control characters"),
        ("requirements.txt", b"a\n" * 600_000, "larger than 1024 KiB"),
        ("pyproject.toml", b"[project", "is not valid TOML"),
        ("pyproject.toml", b"project = 1", "names no package"),
        ("pyproject.toml", b'[project]\ndynamic = ["dependencies"]', "names no package"),
        ("pyproject.toml", b"[project]\ndependencies = [1]", "is not a string"),
        ("pyproject.toml", b'[project]\ndependencies = ["a @ https://x/a.whl"]', "a URL or a repository"),
        ("pyproject.toml", b'[project]\ndependencies = ["a"]', "is missing, or no name"),
        ("pyproject.toml", PROJECT.encode() + b'[tool.uv.sources]\na = {path = "../a"}', "is not taken from an app"),
        ("pyproject.toml", PROJECT.encode() + b'[[tool.uv.index]]\nurl = "https://x"', "is not taken from an app"),
        ("pyproject.toml", PROJECT.encode() + b'[tool.uv]\noverride-dependencies = ["./a"]', "a path"),
    ],
    ids=lambda value: value[-30:] if isinstance(value, (str, bytes)) else None,
)
def test_broken_files_are_errors_that_name_the_file(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    _texts, _entry, report = read(tmp_path, {name: content})
    assert [problem.file for problem in report.problems] == [str(tmp_path / name)]
    assert message in report.problems[0].message
