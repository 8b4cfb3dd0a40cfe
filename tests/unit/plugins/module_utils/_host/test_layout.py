# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
from pathlib import Path

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout, app_user
from ansible_collections.selfhost.pyapps.plugins.module_utils._host import layout as _host_layout


def test_folders_are_made_once_with_their_modes(tmp_path: Path) -> None:
    layout = Layout(str(tmp_path))
    wanted = _host_layout.folders(layout, ["app_1"], as_root=False)
    assert _host_layout.missing_folders(wanted, []) == wanted
    for folder in wanted:
        _host_layout.make(folder)
    assert _host_layout.missing_folders(wanted, []) == []
    os.chmod(layout.app("app_1").serving, 0o755)
    assert [folder.path for folder in _host_layout.missing_folders(wanted, [])] == [layout.app("app_1").serving]


def test_names_of_instances_are_hidden(tmp_path: Path) -> None:
    layout = Layout(str(tmp_path))
    modes = {folder.path: folder.mode for folder in _host_layout.folders(Layout(str(tmp_path)), ["a"], as_root=True)}
    assert modes[layout.app("a").serving] == modes[layout.app("a").instances] == 0o711


def test_the_cache_is_closed_to_apps(tmp_path: Path) -> None:
    modes = {folder.path: folder.mode for folder in _host_layout.folders(Layout(str(tmp_path)), [], as_root=True)}
    assert modes[Layout(str(tmp_path)).cache] == 0o700


def test_logs_are_closed_to_apps(tmp_path: Path) -> None:
    layout = Layout(str(tmp_path))
    (logs,) = [folder for folder in _host_layout.folders(layout, ["a"], as_root=True) if folder.path == layout.log]
    assert (logs.mode, logs.user, logs.group) == (0o750, None, "adm")


def test_without_root_nobody_else_gets_into_any_folder(tmp_path: Path) -> None:
    layout = Layout(str(tmp_path))
    folders = _host_layout.folders(layout, ["a"], as_root=False)
    closed = [folder.path for folder in folders if folder.mode == 0o700]
    assert all(any((folder.path + "/").startswith(path + "/") for path in closed) for folder in folders)


def test_what_lies_in_a_users_folder_becomes_its_own(tmp_path: Path) -> None:
    """Of an app whose uid was another one before: on another machine, or in another image."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "mine").write_text("kept")
    (data / "roots").write_text("kept")
    for path in (data, data / "mine"):
        os.chown(path, 4321, 4321)
    _host_layout.make(_host_layout.Folder(str(data), 0o750, "daemon"))
    assert [os.stat(path).st_uid for path in (data, data / "mine", data / "roots")] == [1, 1, 0]
    assert data.stat().st_mode & 0o777 == 0o750


def test_names_of_users_are_short_and_differ() -> None:
    first, second = app_user("x" * 47 + "a"), app_user("x" * 47 + "b")
    assert first != second
    assert len(first) <= 32
    assert app_user("app_1") == "pyapp-app_1"
