# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deleting trees of all shapes; that nobody can exchange anything in them meanwhile is shown in tests/hostile."""

from __future__ import annotations

import os
import pwd
import resource
import tempfile
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import tree_removal as _tree_removal
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.as_user import call_as
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import force_remove


def make_deep(top: Path, levels: int) -> None:
    """A folder in a folder in a folder; its path is longer than any path may be."""
    descriptor = os.open(top, os.O_RDONLY)
    for _level in range(levels):
        os.mkdir("d", dir_fd=descriptor)
        below = os.open("d", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = below
    os.close(os.open("file", os.O_CREAT, dir_fd=descriptor))
    os.close(descriptor)


def test_a_very_deep_tree_needs_neither_stack_nor_descriptors(tmp_path: Path) -> None:
    (tmp_path / "top").mkdir()
    make_deep(tmp_path / "top", 10_000)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/proc/self/fd")) + 100, hard))
    try:
        force_remove(str(tmp_path / "top"))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert os.listdir(tmp_path) == []


def test_more_names_than_are_read_at_once_are_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_tree_removal, "_AT_ONCE", 3)
    (tmp_path / "top").mkdir()
    for number in range(10):
        (tmp_path / "top" / str(number)).touch()
        (tmp_path / "top" / ("d%d" % number)).mkdir()
    force_remove(str(tmp_path / "top"))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("mode", [0o000, 0o111, 0o222, 0o500])
def test_what_its_owner_has_closed_against_himself_is_deleted(tmp_path: Path, mode: int) -> None:
    """Root passes any mode; whoever else runs this does not."""
    user = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    with tempfile.TemporaryDirectory() as name:  # pytest's own are closed to other users
        top = Path(name)
        for folder in (top, top / "closed", top / "closed" / "below"):
            folder.mkdir(exist_ok=True)
            os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
        (top / "closed" / "below" / "file").touch()
        (top / "closed" / "below").chmod(mode)
        (top / "closed").chmod(mode)
        call_as(user, lambda: force_remove(str(top / "closed")), 60)
        assert os.listdir(top) == []


def test_a_link_in_a_tree_is_deleted_and_not_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "top").mkdir()
    (tmp_path / "top" / "link").symlink_to("../kept")
    force_remove(str(tmp_path / "top"))
    assert os.listdir(tmp_path) == ["kept"]


def test_what_is_not_there_is_fine(tmp_path: Path) -> None:
    force_remove(str(tmp_path / "gone"))
    force_remove(str(tmp_path / "gone" / "too"))
    assert os.listdir(tmp_path) == []


def test_what_can_not_be_deleted_is_told() -> None:
    with pytest.raises(OSError, match="version"):
        force_remove("/proc/version")
