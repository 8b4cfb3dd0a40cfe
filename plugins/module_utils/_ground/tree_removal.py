# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deletes a tree that somebody else may be changing at this moment.

Nothing below the folder that holds the tree is reached by a path: a path is walked anew by the kernel each time, and
between two looks a folder can become a link to another app's. Each folder is opened through the one above it, follows
no link, and is taken away from its owner before it is read: then nobody can exchange or add anything in it any more.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import secrets
import stat
import typing as t

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_HANDLE = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
_OURS_ALONE = 0o700
_DEEPEST = 50  # so many folders are open at once
_AT_ONCE = 10_000  # names that are read before the first of them is deleted


class TreeRemoval:
    """Deletes things in one folder.

    :param holder: the folder, by a path that nobody else can change
    :param part: how names begin of what may be deleted by anyone who finds it, should this be killed
    :raises FileNotFoundError: there is no such folder
    """

    def __init__(self, holder: str, part: str) -> None:
        self._holder = os.open(holder, _HANDLE)
        self._part = part
        self._waiting: list[str] = []

    def __enter__(self) -> TreeRemoval:
        return self

    def __exit__(self, *_error: object) -> None:
        os.close(self._holder)

    def remove(self, name: str) -> None:
        """Delete a file, a link, or a folder with everything in it; what is not there is fine.

        :raises OSError: something stays
        """
        self._waiting.append(name)
        while self._waiting:
            self._remove(self._holder, self._waiting.pop(), 0)

    def _remove(self, parent: int, name: str, depth: int) -> None:
        try:
            os.unlink(name, dir_fd=parent)
            return
        except FileNotFoundError:
            return
        except IsADirectoryError:
            folder = _open_folder(parent, name)
        try:
            _take(folder)
            if depth == _DEEPEST:
                self._set_aside(parent, name)
                return
            for below in _names(folder):
                self._remove(folder, below, depth + 1)
        finally:
            os.close(folder)
        os.rmdir(name, dir_fd=parent)

    def _set_aside(self, parent: int, name: str) -> None:
        """Move what lies too deep up to the top, where it is deleted later."""
        aside = self._part + secrets.token_hex(8)
        os.rename(name, aside, src_dir_fd=parent, dst_dir_fd=self._holder)
        self._waiting.append(aside)


def _open_folder(parent: int, name: str) -> int:
    try:
        return os.open(name, _FOLDER, dir_fd=parent)
    except PermissionError:  # its owner has closed it against himself, too
        handle = os.open(name, _HANDLE | os.O_NOFOLLOW, dir_fd=parent)
    try:
        os.chmod("/proc/self/fd/%d" % handle, _OURS_ALONE)  # of the folder that is open, wherever it is now
        return os.open(".", _FOLDER, dir_fd=handle)
    finally:
        os.close(handle)


def _take(folder: int) -> None:
    """Make an open folder ours, and closed to everybody else, as far as we may."""
    status = os.fstat(folder)
    with contextlib.suppress(PermissionError):
        if status.st_uid != os.geteuid():
            os.fchown(folder, os.geteuid(), -1)
        if stat.S_IMODE(status.st_mode) != _OURS_ALONE:
            os.fchmod(folder, _OURS_ALONE)


def _names(folder: int) -> t.Iterator[str]:
    """What is in a folder from which everything is deleted meanwhile; a few names at a time."""
    while True:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in itertools.islice(entries, _AT_ONCE)]
        if not names:
            return
        yield from names
