# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host has of ours when no app is left, and how it goes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._entry.removal import find_paths, find_users, remove
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(str(tmp_path / "root"))
    for path in (layout.etc, layout.run, layout.log, layout.apps, layout.envs):
        os.makedirs(path)
    os.makedirs(os.path.dirname(layout.command), exist_ok=True)
    Path(layout.command).touch()
    return layout


def nothing(*_: object) -> tuple[int, str, str]:
    raise AssertionError("no command is needed")


def test_everything_is_found_and_removed_with_the_empty_folders_above(layout: Layout, tmp_path: Path) -> None:
    paths = find_paths(layout, keep_apps=False)
    assert sorted(paths) == sorted([layout.command, layout.etc, layout.run, layout.log, layout.srv])
    remove(layout, paths, [], nothing)
    assert find_paths(layout, keep_apps=False) == []
    assert os.listdir(tmp_path) == []


def test_the_apps_stay_while_their_data_does(layout: Layout) -> None:
    (data := Path(layout.apps) / "one" / "data").mkdir(parents=True)
    paths = find_paths(layout, keep_apps=True)
    assert layout.apps not in paths
    assert layout.srv not in paths
    assert layout.envs in paths
    remove(layout, paths, [], nothing)
    assert data.is_dir()
    assert os.listdir(layout.srv) == [os.path.basename(layout.apps)]
    assert find_paths(layout, keep_apps=True) == []


def test_a_host_without_anything_of_ours(tmp_path: Path) -> None:
    layout = Layout(str(tmp_path))
    assert find_paths(layout, keep_apps=True) == find_paths(layout, keep_apps=False) == []


def test_what_is_in_a_folder_above_keeps_it(layout: Layout) -> None:
    beside = Path(layout.etc).parent / "mine"
    beside.touch()
    remove(layout, find_paths(layout, keep_apps=False), [], nothing)
    assert beside.exists()


def test_without_root_there_are_no_users(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert find_users(layout) == []
