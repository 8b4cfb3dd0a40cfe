# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.app_folders import app_folders, slug, title_of
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import Report
from helpers.apps import make_app


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("app_1", "app_1"),
        ("App 1", "app_1"),
        ("My App", "my_app"),
        ("HTTPServer", "httpserver"),
        ("my-cool app!", "my-cool_app"),
        ("Ünï côde", "uni_code"),
        ("Straße", "strasse"),
        ("Sales/Ops 2025", "sales_ops_2025"),
        ("a__b", "a_b"),
        ("_-a-_", "a"),
        ("日本", ""),
        ("", ""),
    ],
)
def test_a_folder_gives_its_app_a_sane_name(folder: str, name: str) -> None:
    """S0-10: the published names were my__app, h_t_t_p_server, my_cool_app_, _n_c_de; the reference page says so."""
    assert slug(folder) == name


@pytest.mark.parametrize(
    ("folder", "title"),
    [("app_1", "App 1"), ("my-cool_app", "My Cool App"), ("HTTPServer", "HTTPServer"), ("éa", "Éa"), ("__", "__")],
)
def test_a_folder_gives_its_app_a_title(folder: str, title: str) -> None:
    assert title_of(folder) == title


def test_only_folders_with_a_setup_toml_are_apps_and_the_rest_is_said(tmp_path: Path) -> None:
    """S0-09: neither a stray file nor a folder without setup.toml ends the run for the others."""
    make_app(tmp_path / "b")
    make_app(tmp_path / "a")
    (tmp_path / "notes.txt").touch()
    (tmp_path / "empty").mkdir()
    (tmp_path / "gone").symlink_to("nowhere")
    for hidden in (".git", ".idea", "__pycache__"):
        (tmp_path / hidden).mkdir()
    (tmp_path / ".DS_Store").touch()
    report = Report()
    assert app_folders(str(tmp_path), report) == [str(tmp_path / "a"), str(tmp_path / "b")]
    assert report.problems == []
    assert report.notices == [
        "%s: is ignored: it has no setup.toml" % (tmp_path / "empty"),
        "%s: is ignored: it is not a folder" % (tmp_path / "gone"),
        "%s: is ignored: it is not a folder" % (tmp_path / "notes.txt"),
    ]


@pytest.mark.parametrize(
    ("files", "script"),
    [
        ({"home.py": "import streamlit as st\n"}, "home.py"),
        ({"a.py": "import os\n", "home.py": "def f():\n    from streamlit import write\n"}, "home.py"),
        ({"main.py": "x = 1\n", "requirements.txt": "pandas\nstreamlit==1.41.*\n"}, "main.py"),
        ({"pyproject.toml": '[project]\ndependencies = [\n  "streamlit",\n]\n'}, "app.py"),
    ],
)
def test_a_streamlit_app_without_setup_toml_is_named_with_what_to_write(
    tmp_path: Path, files: dict[str, str], script: str
) -> None:
    folder = tmp_path / "dash"
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    report = Report()
    assert app_folders(str(tmp_path), report) == []
    assert "%s: looks like a Streamlit app but has no setup.toml" % folder in report.notices[0]
    assert '[streamlit] and entry_file = "%s"' % script in report.notices[0]


def test_what_only_mentions_streamlit_is_no_streamlit_app(tmp_path: Path) -> None:
    folder = tmp_path / "tool"
    folder.mkdir()
    (folder / "a.py").write_text("# not streamlit\nimport streamlitx\n", encoding="utf-8")
    (folder / "b.py").write_bytes(b"\xff\xfe")
    os.mkfifo(folder / "c.py")
    report = Report()
    app_folders(str(tmp_path), report)
    assert report.notices[0] == "%s: is ignored: it has no setup.toml" % folder


def test_the_path_may_be_one_apps_folder(tmp_path: Path) -> None:
    make_app(tmp_path / "a")
    make_app(tmp_path / "b")
    report = Report()
    assert app_folders(str(tmp_path / "a"), report) == [str(tmp_path / "a")]
    assert report.notices == []


def test_no_folder_is_an_error_that_names_it(tmp_path: Path) -> None:
    """S0-28: the text names what could not be found."""
    (tmp_path / "file").touch()
    report = Report()
    app_folders(str(tmp_path / "none"), report)
    app_folders(str(tmp_path / "file"), report)
    assert [problem.as_line().split(":")[0:2] for problem in report.problems] == [
        [str(tmp_path / "none"), " does not exist"],
        [str(tmp_path / "file"), " is not a folder"],
    ]


def test_a_folder_without_apps_is_said(tmp_path: Path) -> None:
    report = Report()
    assert app_folders(str(tmp_path), report) == []
    assert report.notices == ["%s: holds no app: an app is a folder with a file setup.toml" % tmp_path]


@pytest.mark.parametrize("name", ["a\nb", "a\x1b[2J", "a\udcff", "a\u202eb"])
def test_a_folder_whose_name_can_not_be_shown_is_an_error(tmp_path: Path, name: str) -> None:
    make_app(tmp_path / name)
    for path in (tmp_path, tmp_path / name):
        report = Report()
        assert app_folders(str(path), report) == []
        assert "rename it" in report.problems[0].message
        report.problems[0].as_line().encode("utf-8")


@pytest.mark.parametrize(("path", "message"), [("none", "does not exist"), ("file", "is not a folder")])
def test_what_is_no_folder_of_apps_is_an_error_and_holds_none(tmp_path: Path, path: str, message: str) -> None:
    (tmp_path / "file").touch()
    report = Report()
    assert app_folders(str(tmp_path / path), report) == []
    assert message in report.problems[0].message
    (tmp_path / "a\nb").mkdir()
    assert app_folders(str(tmp_path / "a\nb"), report) == []
    assert len(report.problems) == 2
