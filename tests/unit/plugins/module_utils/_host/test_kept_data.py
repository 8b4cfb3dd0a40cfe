# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._host import kept_data as _kept_data

UID = 60800


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """An app's data folder, with a file, a link out of it and a folder in it."""
    folder = tmp_path / "data"
    (folder / "below").mkdir(parents=True)
    (folder / "below" / "notes.db").write_text("kept")
    (tmp_path / "outside").write_text("somebody else's")
    (folder / "link").symlink_to(tmp_path / "outside")
    for path in (folder, folder / "below", folder / "below" / "notes.db", folder / "link", tmp_path / "outside"):
        os.chown(path, UID, UID, follow_symlinks=False)
    return folder


def test_a_folder_remembers_whose_it_is(data: Path) -> None:
    assert _kept_data.former_uid(str(data)) == UID
    assert not _kept_data.is_closed(str(data))
    _kept_data.close(str(data))
    status = data.stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o7777) == (0, UID, 0o700)
    assert _kept_data.is_closed(str(data))
    assert _kept_data.former_uid(str(data)) == UID
    _kept_data.close(str(data))
    assert _kept_data.former_uid(str(data)) == UID


def test_a_folder_that_an_earlier_version_closed_is_known_by_what_is_in_it(data: Path) -> None:
    os.chown(data, 0, 0)
    data.chmod(0o700)
    assert _kept_data.former_uid(str(data)) == UID
    for entry in (data / "below", data / "link"):
        os.chown(entry, 0, 0, follow_symlinks=False)
    assert _kept_data.former_uid(str(data)) is None


def test_what_is_not_a_data_folder_is_nobodys(data: Path, tmp_path: Path) -> None:
    assert _kept_data.former_uid(str(tmp_path / "missing")) is None
    (tmp_path / "linked").symlink_to(data)
    assert _kept_data.former_uid(str(tmp_path / "linked")) is None
    assert _kept_data.claimed_uids([str(data), str(tmp_path / "missing")]) == {UID}


def test_only_what_was_the_users_own_is_handed_over(data: Path, tmp_path: Path) -> None:
    (data / "roots").write_text("root's")
    _kept_data.hand_over(str(data), UID, UID + 1, UID + 2)
    changed = [data / "below", data / "below" / "notes.db", data / "link"]
    assert [(path.lstat().st_uid, path.lstat().st_gid) for path in changed] == [(UID + 1, UID + 2)] * 3
    assert (data / "roots").stat().st_uid == 0
    assert (tmp_path / "outside").stat().st_uid == UID
    assert data.stat().st_mode & 0o7777 == 0o700


def test_a_file_that_lies_elsewhere_too_is_not_handed_over(data: Path, tmp_path: Path) -> None:
    """Where the kernel lets an app link to other people's files (fs.protected_hardlinks=0)."""
    (data / "linked").hardlink_to(tmp_path / "outside")
    _kept_data.hand_over(str(data), UID, UID + 1, UID + 2)
    assert (tmp_path / "outside").stat().st_uid == UID
    assert (data / "below" / "notes.db").stat().st_uid == UID + 1


def test_folders_without_end_end(tmp_path: Path) -> None:
    """Each level costs an open file, and an app can have made as many as it likes."""
    data = tmp_path / "data"
    data.mkdir()
    folder = os.open(data, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=folder)
        below = os.open("d", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = below
    os.close(folder)
    _kept_data.hand_over(str(data), 0, UID, UID)
    assert (data / "d").stat().st_uid == UID
    subprocess.run(["rm", "-r", data], check=True)  # pytest could not
