# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What two apps cannot both have, read from real files."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.reader import read_catalog
from helpers.apps import SETTINGS, make_app


def test_two_apps_may_have_the_same_title(tmp_path: Path) -> None:
    """S0-11: a title is only shown; the folders keep the apps apart."""
    make_app(tmp_path / "a", 'title = "App 1"\n' + SETTINGS)
    make_app(tmp_path / "b", 'title = "App  1"\n' + SETTINGS)
    make_app(tmp_path / "c", 'title = "App 1"\n' + SETTINGS)
    catalog = read_catalog(str(tmp_path))
    assert catalog.errors == []
    assert [app["name"] for app in catalog.apps] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("first", "second", "key", "found"),
    [
        ("port = 8001", "port = 8001", "streamlit.port", "8001"),
        ('base_path = "/x"', 'base_path = "x/"', "streamlit.base_path", "/x"),
        ('base_path = "/x"', 'base_path = "/X"', "streamlit.base_path", "/X"),
        ('base_path = "/x"', 'base_path = "/x/y/z"', "streamlit.base_path", "/x/y/z"),
        ('base_path = "/"', 'base_path = ""', "streamlit.base_path", "/"),
        ('base_path = "/"', "", "streamlit.base_path", "/b"),
        ('base_path = "/b"', "", "streamlit.base_path", "/b"),
    ],
)
def test_clashes_across_apps_name_both_files(tmp_path: Path, first: str, second: str, key: str, found: str) -> None:
    """S0-12, S0-13, C-08, X12: no port 80011, no /app-1_1, no second program: an error, before any change."""
    make_app(tmp_path / "a", SETTINGS + first)
    make_app(tmp_path / "b", SETTINGS + second)
    errors = read_catalog(str(tmp_path)).errors
    assert [(problem.file, problem.key, problem.found) for problem in errors] == [
        (str(tmp_path / "b" / "setup.toml"), key, found)
    ]
    assert str(tmp_path / "a" / "setup.toml") in errors[0].message


def test_a_path_above_another_is_a_clash_whichever_comes_first(tmp_path: Path) -> None:
    make_app(tmp_path / "a", SETTINGS + 'base_path = "/x/y"')
    make_app(tmp_path / "b", SETTINGS + 'base_path = "/x"')
    errors = read_catalog(str(tmp_path)).errors
    assert [problem.file for problem in errors] == [str(tmp_path / "a" / "setup.toml")]
    assert str(tmp_path / "b" / "setup.toml") in errors[0].message


def test_paths_that_only_begin_alike_do_not_clash(tmp_path: Path) -> None:
    make_app(tmp_path / "a", SETTINGS + 'base_path = "/app"')
    make_app(tmp_path / "b", SETTINGS + 'base_path = "/app-1"')
    make_app(tmp_path / "c", SETTINGS + 'base_path = "/X/app"')
    assert read_catalog(str(tmp_path)).errors == []


@pytest.mark.parametrize(
    ("folders", "settings"), [(["App_1", "app_1"], SETTINGS), (["a", "b"], 'name = "x"\n' + SETTINGS)]
)
def test_equal_names_are_an_error_that_names_both_files(tmp_path: Path, folders: list[str], settings: str) -> None:
    for number, folder in enumerate(folders):
        make_app(tmp_path / folder, '%sbase_path = "/%d"' % (settings, number))
    errors = read_catalog(str(tmp_path)).errors
    assert [(problem.file, problem.key) for problem in errors] == [(str(tmp_path / folders[1] / "setup.toml"), "name")]
    assert str(tmp_path / folders[0] / "setup.toml") in errors[0].message
