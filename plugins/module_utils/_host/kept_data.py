# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose a data folder is, also when its app has been removed and its user is gone.

The folder itself remembers: an app's open folder belongs to its user; a closed one is root's, and its group, which may
do nothing there, is the number that the user had. So no list can be lost or be older than what it speaks of.
"""

from __future__ import annotations

import contextlib
import os
import stat
import typing as t

CLOSED = 0o700
_DEEPEST = 300
"""Folders in folders; what is deeper is left as it is, for each level costs an open file."""


def is_closed(folder: str) -> bool:
    """Whether nobody but root (or who runs this) can enter it."""
    status = os.lstat(folder)
    return status.st_uid == os.geteuid() and stat.S_IMODE(status.st_mode) == CLOSED


def close(folder: str) -> None:
    """Shut everybody out of a removed app's data, and remember whose it was."""
    former = former_uid(folder)
    os.chmod(folder, CLOSED)  # before the group changes: for a moment it would be let in
    as_root = os.geteuid() == 0
    os.chown(folder, os.geteuid(), (former or 0) if as_root else -1, follow_symlinks=False)


def former_uid(folder: str) -> int | None:
    """The uid of the user whose data this is or was; None when there is no such folder, or it has been root's only."""
    try:
        status = os.lstat(folder)
    except FileNotFoundError:
        return None
    if not stat.S_ISDIR(status.st_mode):
        return None
    return status.st_uid or (status.st_gid if is_closed(folder) else 0) or _uid_inside(folder)


def _uid_inside(folder: str) -> int | None:
    """Earlier versions gave a closed folder to root's group, too: then what lies in it tells."""
    with os.scandir(folder) as entries:
        return next(filter(None, (entry.stat(follow_symlinks=False).st_uid for entry in entries)), None)


def claimed_uids(folders: t.Iterable[str]) -> set[int]:
    """Every uid that data of somebody is kept for."""
    return {uid for uid in map(former_uid, folders) if uid is not None}


def hand_over(folder: str, former: int, uid: int, gid: int) -> None:
    """Give everything of one user below a folder to another one.

    The folder is closed first. Each entry is opened without following a link, looked at, and changed by what was
    opened: whoever still works in there can exchange names, but not what they stand for here. A file that has further
    names stays as it is, because they may lie elsewhere.

    :raises OSError: the file system refuses
    """
    os.chmod(folder, CLOSED)
    os.chown(folder, os.geteuid(), -1, follow_symlinks=False)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        _hand_over_entries(descriptor, former, uid, gid)
    finally:
        os.close(descriptor)


def _hand_over_entries(folder: int, former: int, uid: int, gid: int, depth: int = 0) -> None:
    for name in os.listdir(folder):
        with contextlib.suppress(FileNotFoundError):
            below = _hand_over_entry(name, folder, former, uid, gid)
            if below is None:
                continue
            try:
                if depth < _DEEPEST:
                    _hand_over_entries(below, former, uid, gid, depth + 1)
            finally:
                os.close(below)


def _hand_over_entry(name: str, folder: int, former: int, uid: int, gid: int) -> int | None:
    """Give one entry away; a descriptor of it when it is a folder."""
    entry = os.open(name, os.O_PATH | os.O_NOFOLLOW, dir_fd=folder)
    try:
        status = os.fstat(entry)
        is_folder = stat.S_ISDIR(status.st_mode)
        if status.st_uid == former and (is_folder or status.st_nlink == 1):
            # A descriptor that only names a file can be changed by this path alone.
            os.chown("/proc/self/fd/%d" % entry, uid, gid)
        return os.open(".", os.O_RDONLY | os.O_DIRECTORY, dir_fd=entry) if is_folder else None
    finally:
        os.close(entry)
