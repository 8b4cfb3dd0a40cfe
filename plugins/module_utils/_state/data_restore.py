# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unpacks the archive of an app's data folder, with the app's rights."""

from __future__ import annotations

import errno
import gzip
import os
import posixpath
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.archive_links import (
    ArchiveLinks,
    TooManyLinksError,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.data_archive import (
    DAMAGED,
    LONGEST_PATH,
    LONGEST_TARGET,
    MOST_FOLDERS,
    RESERVE,
    ROOT,
    ArchiveError,
    Saved,
    take_manifest,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import libc_call
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.tar_reader import (
    FILE,
    FOLDER,
    LINK,
    Member,
    TarReader,
)

_OF_ITS_NAMES_AND_SIZES = frozenset(
    (errno.EEXIST, errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.EFBIG, errno.EINVAL)
)
_COST = 4096  # bytes that a name takes on a disk, at the least


def restore(source: t.BinaryIO, target: str) -> Saved:
    """Unpack an archive into an empty folder, durably.

    :raises ArchiveError: a name or a link leads out of it, there is no room, or the archive is damaged; what was
        unpacked so far stays in the folder
    """
    top = os.open(target, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        reader = TarReader(t.cast(t.BinaryIO, gzip.GzipFile(fileobj=source)))
        take_manifest(reader)
        unpacking = _Unpacking(top, reader)
        while (member := reader.next()) is not None:
            unpacking.take(member)
        unpacking.finish()
        libc_call("syncfs", top)
    except DAMAGED as error:
        raise ArchiveError("the archive is damaged: %s" % error) from None
    except OSError as error:
        if error.errno not in _OF_ITS_NAMES_AND_SIZES:
            raise
        raise ArchiveError("the archive is damaged: %s (%s)" % (error.filename, error.strerror)) from None
    finally:
        os.close(top)
    return Saved(unpacking.files, unpacking.size, [])


class _Unpacking:
    """A folder that is being filled.

    Links are made last, when it is known where they lead; so nothing is ever written through one.
    """

    def __init__(self, top: int, reader: TarReader) -> None:
        self.files, self.size = 0, 0
        self._top, self._reader = top, reader
        self._links = ArchiveLinks()
        self._folders: list[tuple[str, int, int]] = []
        status = os.fstatvfs(top)
        self._free = status.f_bavail * status.f_frsize - RESERVE
        self._left = self._free

    def take(self, member: Member) -> None:
        path = _checked_path(member.name)
        self._left -= member.stored + _COST
        if self._left < 0:
            raise ArchiveError("the archive needs more room than the disk has (%d MB free)" % (self._free >> 20))
        if member.kind == FOLDER:
            self._take_folder(path, member)
        elif member.kind == LINK:
            self._take_link(path, member)
        elif member.kind == FILE:
            self._take_file(path, member)
        else:
            raise ArchiveError("%r in the archive is neither file, folder nor link" % member.name)

    def _take_folder(self, path: str, member: Member) -> None:
        if len(self._folders) >= MOST_FOLDERS:
            raise ArchiveError("the archive has more than %d folders" % MOST_FOLDERS)
        os.mkdir(path, 0o700, dir_fd=self._top)
        self._folders.append((path, member.mode & 0o777 | 0o700, member.mtime))

    def _take_link(self, path: str, member: Member) -> None:
        os.stat(posixpath.dirname(path) or ".", dir_fd=self._top)  # so only what has a folder is remembered
        if len(os.fsencode(member.target)) > LONGEST_TARGET:
            raise ArchiveError("%r in the archive is a link of more than %d bytes" % (member.name, LONGEST_TARGET))
        try:
            self._links.add(path, member.target)
        except TooManyLinksError as error:
            raise ArchiveError("in the archive %s" % error) from None

    def _take_file(self, path: str, member: Member) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(path, flags, 0o600, dir_fd=self._top), "wb") as file:
            for offset, chunk in self._reader.content():
                file.seek(offset)
                file.write(chunk)
            file.truncate(member.size)
            file.flush()
            os.fchmod(file.fileno(), member.mode & 0o777 | 0o600)
            os.utime(file.fileno(), (member.mtime, member.mtime))
        self.files += 1
        self.size += member.stored

    def finish(self) -> None:
        """Make the links, and give the folders their modes and times."""
        bad = self._links.first_leading_out()
        if bad is not None:
            raise ArchiveError("'data/%s' in the archive is a link that leads out of the data folder" % bad)
        for path, target in self._links.items():
            os.symlink(target, path, dir_fd=self._top)
        for path, mode, mtime in reversed(self._folders):
            os.chmod(path, mode, dir_fd=self._top)
            os.utime(path, (mtime, mtime), dir_fd=self._top)


def _checked_path(name: str) -> str:
    """A member's path below ``data/``.

    :raises ArchiveError: it leads out
    """
    parts = name.split("/")
    if parts[0] != ROOT or len(parts) < 2 or {"", ".", ".."} & set(parts) or "\0" in name:
        raise ArchiveError("%r in the archive leads out of the data folder: nothing was restored" % name[:LONGEST_PATH])
    path = "/".join(parts[1:])
    if len(os.fsencode(path)) > LONGEST_PATH:
        raise ArchiveError("%.200r... in the archive is a path of more than %d bytes" % (name, LONGEST_PATH))
    return path
