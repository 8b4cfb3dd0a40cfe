# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Opens files below a folder in which somebody else may exchange anything at this moment."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import typing as t


def open_folder(root: int, relative: str) -> int:
    """Open a folder below another one, one name at a time, so that no link can lead elsewhere.

    :param relative: without ``..``; "" is the folder itself
    :returns: a new descriptor, for the caller to close
    :raises OSError: it is not there, or no folder
    """
    current = os.dup(root)
    for name in filter(None, relative.split("/")):
        try:
            below = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=current)
        finally:
            os.close(current)
        current = below
    return current


@contextlib.contextmanager
def folder_at(path: str) -> t.Iterator[int]:
    """A folder, open for a block; what is opened below it stays in it, wherever its path leads then.

    :returns: its descriptor
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def folder_below(top: int, path: str) -> t.Iterator[int]:
    """The same as :func:`open_folder`, open for a block.

    :returns: its descriptor
    """
    descriptor = open_folder(top, path)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def open_name(folder: int, name: str) -> int:
    """Open what has a name in an open folder, for reading; no link is followed, and no pipe waited for.

    :returns: a descriptor, for the caller to close; what it is of, is still to be seen
    :raises OSError: it is not there, or a link
    """
    return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)


def open_file(top: int, path: str) -> t.BinaryIO:
    """Open a regular file through no link, and without waiting for anybody.

    :param top: descriptor of a folder
    :param path: of the file, relative to it and without ``..``
    :raises OSError: it is not there, is something else, or lies behind a link; ``filename`` is the path
    """
    try:
        with folder_below(top, os.path.dirname(path)) as folder:
            file = os.fdopen(open_name(folder, os.path.basename(path)), "rb")
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            file.close()
            raise OSError(errno.EINVAL, "it is no regular file")
    except OSError as error:
        error.filename = path
        raise
    return file
