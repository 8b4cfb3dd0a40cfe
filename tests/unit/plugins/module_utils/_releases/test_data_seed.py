# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first content of a data folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._releases.data_seed import (
    SeedError,
    absent_paths,
    fill_data,
    longest_seconds,
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "initial" / "uploads" / "deep").mkdir(parents=True)
    (tmp_path / "initial" / "uploads" / "deep" / "a.txt").write_text("a")
    (tmp_path / "initial" / "app.db").write_text("db")
    return tmp_path / "data"


def fill(data: Path, *paths: str) -> None:
    fill_data(str(data), paths, str(data.parent / "initial"), None)


def test_folders_and_files_are_copied(data: Path) -> None:
    fill(data, "uploads", "app.db")
    assert (data / "uploads" / "deep" / "a.txt").read_text() == "a"
    assert (data / "app.db").read_text() == "db"
    assert sorted(os.listdir(data)) == ["app.db", "uploads"]


def test_what_is_there_is_never_touched(data: Path) -> None:
    (data / "uploads").mkdir()
    (data / "app.db").symlink_to("/nowhere")
    fill(data, "uploads", "app.db")
    assert os.listdir(data / "uploads") == []
    assert os.readlink(data / "app.db") == "/nowhere"


def test_without_content_a_name_with_a_suffix_is_left_to_the_app(data: Path) -> None:
    fill(data, "var/cache", "var/notes.json")
    assert (data / "var" / "cache").is_dir()
    assert os.listdir(data / "var") == ["cache"]


def test_a_killed_copy_is_made_again(data: Path) -> None:
    (data / ".part-initial").mkdir()
    (data / ".part-initial" / "half.txt").write_text("half")
    fill(data, "uploads")
    assert sorted(os.listdir(data / "uploads")) == ["deep"]


def test_a_copy_may_take_as_long_as_its_size_needs(data: Path) -> None:
    """The host's lock is held meanwhile."""
    assert longest_seconds(str(data.parent / "nothing")) == 20
    with (data.parent / "initial" / "uploads" / "big").open("wb") as file:
        file.truncate(50_000_000)
    assert longest_seconds(str(data.parent / "initial")) == 30


def test_failure_is_told(data: Path) -> None:
    (data / "var").write_text("a file")
    with pytest.raises(SeedError, match="var"):
        fill(data, "var/cache")


def test_absent_paths(data: Path) -> None:
    (data / "app.db").symlink_to("/nowhere")
    assert absent_paths(str(data), ["app.db", "uploads"]) == ["uploads"]
