# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.new_app import make, problems
from ansible_collections.selfhost.pyapps.plugins.modules import setup_toml
from helpers.modules import run_module


@pytest.mark.parametrize(("name", "title"), [("sales", ""), ("a-b_c", 'Say "hi" \\ Straße')])
def test_a_new_app_is_one_that_the_catalog_takes(tmp_path: Path, name: str, title: str) -> None:
    """S0-101."""
    assert problems(str(tmp_path), name, title) == []
    make(str(tmp_path), name, title)
    (app,) = run_module(setup_toml, path=str(tmp_path))["apps"]
    assert app["name"] == name
    assert app["title"] == (title or "Sales")
    script = (tmp_path / name / app["streamlit"]["entry_file"]).read_text()
    compile(script, name, "exec")
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("", "-e app=NAME"),
        ("My App", "For example: my_app"),
        ("../x", "For example: x"),
        ("-", "allowed"),
        ("x" * 49, "allowed"),
        ("everything", "everything"),
        ("there", "is there already"),
        ("a\nb", "For example: a_b"),
    ],
)
def test_a_wrong_name_is_refused(tmp_path: Path, name: str, expected: str) -> None:
    (tmp_path / "there").mkdir()
    (problem,) = problems(str(tmp_path), name, "")
    assert expected in problem
    assert "\n" not in problem


def test_the_first_app_makes_the_folder_of_apps(tmp_path: Path) -> None:
    """Who starts with an inventory of his own has none yet."""
    apps = tmp_path / "apps"
    assert problems(str(apps), "sales", "") == []
    make(str(apps), "sales", "")
    assert (apps / "sales" / "setup.toml").is_file()
    assert os.listdir(apps) == ["sales"]


def test_a_folder_that_holds_no_apps_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "is no folder" in problems(str(tmp_path / "file"), "x", "")[0]
    assert "is no folder" in problems(str(tmp_path / "gone" / "apps"), "x", "")[0]
    (tmp_path / "setup.toml").touch()
    assert "of one app" in problems(str(tmp_path), "x", "")[0]


@pytest.mark.parametrize("name", ["-", "x" * 49, "everything"])
def test_no_name_is_proposed_that_would_be_refused_again(tmp_path: Path, name: str) -> None:
    (problem,) = problems(str(tmp_path), name, "")
    assert "For example" not in problem
