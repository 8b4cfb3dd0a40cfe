# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils import _host_layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._layout import Layout, app_user


def test_folders_are_made_once_and_corrected(tmp_path: Path) -> None:
    layout = Layout(str(tmp_path))
    wanted = _host_layout.folders(layout, ["app_1"], as_root=False)
    assert _host_layout.missing_folders(wanted, []) == wanted
    for folder in wanted:
        _host_layout.make(folder)
    assert _host_layout.missing_folders(wanted, []) == []
    os.chmod(layout.app("app_1").serving, 0o777)
    assert [folder.path for folder in _host_layout.missing_folders(wanted, [])] == [layout.app("app_1").serving]


def test_names_of_instances_can_not_be_listed_by_apps(tmp_path: Path) -> None:
    """An instance's name is as secret as its preview."""
    modes = {folder.path: folder.mode for folder in _host_layout.folders(Layout(str(tmp_path)), ["a"], as_root=True)}
    assert modes[Layout(str(tmp_path)).app("a").serving] == 0o711
    assert modes[Layout(str(tmp_path)).app("a").instances] == 0o711


def test_the_cache_is_closed_to_apps(tmp_path: Path) -> None:
    modes = {folder.path: folder.mode for folder in _host_layout.folders(Layout(str(tmp_path)), [], as_root=True)}
    assert modes[Layout(str(tmp_path)).cache] == 0o700


def test_each_app_has_a_user_of_its_own(tmp_path: Path) -> None:
    users = _host_layout.users(Layout(str(tmp_path)), ["a", "b"])
    assert sorted(users) == ["pyapp-a", "pyapp-b", "pyapps-build"]


def test_names_of_users_are_short_and_differ() -> None:
    first, second = app_user("x" * 47 + "a"), app_user("x" * 47 + "b")
    assert first != second
    assert len(first) <= 32
    assert app_user("app_1") == "pyapp-app_1"


def test_the_files_of_a_removed_app_find_their_owner_again(tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_text("kept")
    os.chown(tmp_path / "notes.db", 4321, 4321)
    commands: list[list[str]] = []

    def run(command: list[str]) -> tuple[int, str, str]:
        commands.append(command)
        return 0, "", ""

    _host_layout.make_user("pyapp-a", str(tmp_path), run)
    assert commands[0][-3:] == ["--uid", "4321", "pyapp-a"]


def test_a_user_that_can_not_be_made_is_named(tmp_path: Path) -> None:
    with pytest.raises(_host_layout.UserError, match=r"pyapp-a can not be made: no space"):
        _host_layout.make_user("pyapp-a", str(tmp_path), lambda _command: (1, "", "no space\n"))
