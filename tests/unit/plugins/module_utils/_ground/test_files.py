# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import files as _files


def test_a_file_is_replaced_with_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    _files.write_file(str(path), "new", mode=0o640)
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o640
    assert os.listdir(tmp_path) == ["file"]


def test_a_file_that_can_not_be_replaced_keeps_its_old_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        _files.write_file(str(path), "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_link_is_turned_without_a_moment_in_which_it_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = tmp_path / "live"
    _files.point_link(str(link), "serving/a")
    renamed = []
    rename = os.rename

    def watched(source: str, target: str) -> None:
        renamed.append((os.path.basename(target), os.readlink(link)))
        rename(source, target)

    monkeypatch.setattr(os, "rename", watched)
    _files.point_link(str(link), "serving/b")
    assert renamed == [("live", "serving/a")]
    assert os.readlink(link) == "serving/b"


def test_a_folder_with_read_only_parts_is_removed(tmp_path: Path) -> None:
    inner = tmp_path / "env" / "lib"
    inner.mkdir(parents=True)
    (inner / "module.py").write_text("")
    inner.chmod(0o500)
    _files.remove_tree(str(tmp_path / "env"))
    assert os.listdir(tmp_path) == []
    _files.remove_tree(str(tmp_path / "env"))


def test_removing_a_link_leaves_what_it_points_to(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "file").write_text("")
    (tmp_path / "link").symlink_to("target")
    _files.force_remove(str(tmp_path / "link"))
    assert (tmp_path / "target" / "file").exists()


def test_unfinished_work_of_a_killed_run_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".part-env-0123").mkdir()
    (tmp_path / "env").mkdir()
    _files.remove_parts(str(tmp_path))
    assert os.listdir(tmp_path) == ["env"]
    _files.remove_parts(str(tmp_path / "missing"))


def test_two_folders_are_exchanged_in_one_step(tmp_path: Path) -> None:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "was").write_text(name)
    assert _files.exchange(str(tmp_path / "new"), str(tmp_path / "old"))
    assert [(tmp_path / name / "was").read_text() for name in ("old", "new")] == ["new", "old"]
    with pytest.raises(FileNotFoundError):
        _files.exchange(str(tmp_path / "new"), str(tmp_path / "missing"))


@pytest.mark.parametrize("error", [OSError(errno.EINVAL, ""), OSError(errno.ENOSYS, ""), AttributeError()])
def test_a_file_system_that_cannot_exchange_is_told(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def refused(name: str, *arguments: object) -> None:
        raise error

    monkeypatch.setattr(_files, "libc_call", refused)
    assert not _files.exchange("/one", "/two")


def test_a_folder_is_made_or_corrected_and_it_is_said_whether_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    assert _files.make_folder(str(folder), 0o750) is True
    assert _files.make_folder(str(folder), 0o750) is False
    assert folder.stat().st_mode & 0o777 == 0o750
    assert _files.make_folder(str(folder), 0o700) is True
    assert folder.stat().st_mode & 0o777 == 0o700


def test_only_what_was_left_unfinished_is_removed(tmp_path: Path) -> None:
    (tmp_path / (_files.PART + "a")).mkdir()
    (tmp_path / "a").mkdir()
    _files.remove_parts(str(tmp_path))
    _files.remove_parts(str(tmp_path / "none"))
    assert os.listdir(tmp_path) == ["a"]
