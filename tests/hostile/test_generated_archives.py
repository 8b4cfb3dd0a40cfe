# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups that somebody hostile has made up, unpacked as a restore does it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.data_archive import ArchiveError
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.data_restore import restore
from helpers.attacks import record, tries
from hostile.generate import Generator, seed

ARCHIVES = tries(200, 5_000)


def test_an_archive_unpacks_into_its_folder_and_nowhere_else(tmp_path: Path) -> None:
    """Whatever a backup holds: plain files, folders and links that stay inside; the rest is refused."""
    generator = Generator(seed())
    through, unpacked = [], 0
    (tmp_path / "canary").write_text("mine")
    for number in range(ARCHIVES):
        archive, target = tmp_path / "archive", tmp_path / "target"
        archive.write_bytes(generator.archive())
        target.mkdir()
        try:
            with archive.open("rb") as source:
                unpacked += restore(source, str(target)).files
        except (ArchiveError, OSError):  # a name that the disk does not take, too
            pass
        through += ["%d: %s" % (number, path) for path in target.rglob("*") if not _stays_inside(path, target)]
        shutil.rmtree(target)
        if sorted(path.name for path in tmp_path.iterdir()) != ["archive", "canary"]:
            through.append("%d: something is beside the folder" % number)
    assert unpacked
    assert (tmp_path / "canary").read_text() == "mine"
    record("controller", "an archive leads out of its folder", ARCHIVES, through)


def _stays_inside(path: Path, folder: Path) -> bool:
    if path.is_symlink():
        # As it would be read where the folder is the data of an app: nothing outside of it, existing or not.
        return Path(os.path.normpath(path.parent.resolve() / os.readlink(path))).is_relative_to(folder)
    return (path.is_file() or path.is_dir()) and not path.stat().st_mode & 0o6000
