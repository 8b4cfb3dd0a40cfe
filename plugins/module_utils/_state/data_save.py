# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Saves an app's data folder as one archive, with the app's rights and while the app goes on.

Everything is reached through open folders, so the app can have nothing read but what is in the folder. A file ends
where it ended when it was opened; holes are not read. An SQLite database is taken as its own snapshot.
"""

from __future__ import annotations

import contextlib
import errno
import gzip
import json
import os
import posixpath
import stat
import tarfile
import tempfile
import time
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.archive_links import ArchiveLinks
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.data_archive import (
    FORMAT,
    LONGEST_PATH,
    MANIFEST,
    MOST_FOLDERS,
    RESERVE,
    ROOT,
    ArchiveError,
    Saved,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.tar_reader import BLOCK, MOST_PIECES, Piece
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.tar_writer import TarWriter
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.untrusted_files import open_folder, open_name

NOT_SAVED = (".tmp", ".home/.cache")
"""Below ``data/``, what only this host needs."""

_SQLITE = b"SQLite format 3\0"
_SQLITE_SIDES = ("-wal", "-shm", "-journal")
_BUSY_SECONDS = 30.0
_MOST_BYTES = 1 << 40  # of content, as it is read: a file with many names counts for each
_MOST_TOLD = 100
_SMALLEST_HOLE = 64 * 1024  # a smaller one is saved as zeros
_LOOK_AFTER = 32 * 1024 * 1024  # bytes of an archive between two looks at the room of its disk


class _Entry(t.NamedTuple):
    """Something that is to be saved.

    :param path: below the data folder
    :param folder: descriptor of the folder it is in
    """

    path: str
    folder: int
    name: str
    status: os.stat_result


def save(data: str, manifest: t.Mapping[str, t.Any], target: t.BinaryIO) -> Saved:
    """Write the archive of a data folder.

    :param manifest: what is said about it; its format is added
    :param target: where to, a file open for writing
    :raises ArchiveError: a device, a link that leads out of the folder, too much of something, ...
    :raises OSError: something cannot be read or written
    """
    top = os.open(data, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with gzip.GzipFile(fileobj=_Disk(target), mode="wb", compresslevel=6, mtime=0) as packed:
            saving = _Saving(data, TarWriter(t.cast(t.BinaryIO, packed)))
            saving.say(manifest)
            for entry in _walk(top):
                saving.take(entry)
            saving.finish()
        _check_same(data, top)
    finally:
        os.close(top)
    target.flush()
    return Saved(saving.files, saving.size, sorted(saving.skipped))


class _Disk:
    """The file that an archive goes to, as long as its disk has room."""

    def __init__(self, file: t.BinaryIO) -> None:
        self._file, self._unseen = file, 0

    def write(self, data: bytes) -> int:
        self._unseen += len(data)
        if self._unseen > _LOOK_AFTER:
            self._unseen = 0
            if _room(self._file.fileno()) < 0:
                raise ArchiveError(
                    "the disk of the backups is full (%d MB stay free): make room, or say pyapps_backup_dir"
                    % (RESERVE >> 20)
                )
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()


def _room(descriptor: int) -> int:
    """Bytes that a file system has for us."""
    status = os.fstatvfs(descriptor)
    return status.f_bavail * status.f_frsize - RESERVE


def _check_same(data: str, top: int) -> None:
    """:raises ArchiveError: a restore or a removal has put another folder in the place of the one that was read"""
    with contextlib.suppress(FileNotFoundError):
        if os.path.samestat(os.stat(data), os.fstat(top)):
            return
    raise ArchiveError("the data folder was replaced while it was read: run again")


def _walk(top: int) -> t.Iterator[_Entry]:
    """Everything below an open folder that is to be saved, folders before what is in them; no link is followed."""
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        try:
            descriptor = open_folder(top, folder)
        except FileNotFoundError:  # it has gone meanwhile
            continue
        except OSError as error:
            raise _unreadable(folder, error) from None
        try:
            with os.scandir(descriptor) as found:
                for entry in found:
                    path = posixpath.join(folder, entry.name)
                    if path in NOT_SAVED or (not folder and entry.name.startswith(".part-")):
                        continue
                    try:
                        status = entry.stat(follow_symlinks=False)
                    except FileNotFoundError:
                        continue
                    if stat.S_ISREG(status.st_mode) and _is_side_file(descriptor, entry.name):
                        continue
                    yield _Entry(path, descriptor, entry.name, status)
                    if stat.S_ISDIR(status.st_mode):
                        waiting.append(path)
        finally:
            os.close(descriptor)
        if len(waiting) > MOST_FOLDERS:
            raise ArchiveError("there are more than %d folders beside each other" % MOST_FOLDERS)


def _unreadable(path: str, error: OSError) -> ArchiveError:
    if error.errno in (errno.ENOTDIR, errno.ELOOP, errno.EINVAL, errno.ENXIO):
        return ArchiveError("data/%s has become something else while it was read: run again" % path)
    return ArchiveError(
        "data/%s cannot be read by the app (%s): change its mode, or remove it" % (path, error.strerror)
    )


def _is_side_file(folder: int, name: str) -> bool:
    """Whether a file belongs to an SQLite database beside it, whose snapshot holds it all."""
    suffix = next((suffix for suffix in _SQLITE_SIDES if name.endswith(suffix)), "")
    if not suffix or len(name) == len(suffix):
        return False
    try:
        descriptor = open_name(folder, name[: -len(suffix)])
    except OSError:
        return False
    try:
        return _is_sqlite(descriptor)
    finally:
        os.close(descriptor)


def _is_sqlite(descriptor: int) -> bool:
    return stat.S_ISREG(os.fstat(descriptor).st_mode) and os.pread(descriptor, len(_SQLITE), 0) == _SQLITE


class _Saving:
    """An archive that is being written."""

    def __init__(self, data: str, tar: TarWriter) -> None:
        self.files, self.size = 0, 0
        self.skipped: list[str] = []
        self._data, self._tar = data, tar
        self._links = ArchiveLinks()

    def say(self, manifest: t.Mapping[str, t.Any]) -> None:
        content = json.dumps({"format": FORMAT, **manifest}, sort_keys=True).encode()
        info = tarfile.TarInfo(MANIFEST)
        info.size, info.mode, info.mtime = len(content), 0o644, int(time.time())
        self._tar.add_file(info, [(0, info.size)], lambda offset, length: content[offset : offset + length])

    def take(self, entry: _Entry) -> None:
        mode = entry.status.st_mode
        if len(os.fsencode(entry.path)) > LONGEST_PATH:
            raise ArchiveError("data/%.200s... is a path of more than %d bytes" % (entry.path, LONGEST_PATH))
        if stat.S_ISDIR(mode):
            info = _member(entry.path, entry.status)
            info.type = tarfile.DIRTYPE
            self._tar.add(info)
        elif stat.S_ISLNK(mode):
            self._take_link(entry)
        elif stat.S_ISREG(mode):
            self._take_file(entry)
        elif stat.S_ISSOCK(mode) or stat.S_ISFIFO(mode):
            if len(self.skipped) < _MOST_TOLD:
                self.skipped.append(entry.path)
        else:
            raise ArchiveError("data/%s is a device, which no app's data may hold: remove it" % entry.path)

    def _take_link(self, entry: _Entry) -> None:
        try:
            self._links.add(entry.path, os.readlink(entry.name, dir_fd=entry.folder))
        except FileNotFoundError:  # it has gone meanwhile
            return
        except OSError as error:
            raise _unreadable(entry.path, error) from None

    def _take_file(self, entry: _Entry) -> None:
        with contextlib.ExitStack() as stack:
            try:
                descriptor = open_name(entry.folder, entry.name)
            except FileNotFoundError:
                return
            except OSError as error:
                raise _unreadable(entry.path, error) from None
            stack.callback(os.close, descriptor)
            if _is_sqlite(descriptor):
                path = os.path.join(self._data, entry.path)
                descriptor = stack.enter_context(_snapshot(path, self._data, os.fstat(descriptor).st_size))
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise ArchiveError("data/%s has become something else while it was read: run again" % entry.path)
            pieces = _pieces(descriptor, status)
            self.files += 1
            self.size += sum(length for _offset, length in pieces)
            if self.size > _MOST_BYTES or len(pieces) >= MOST_PIECES:
                raise ArchiveError(
                    "data/%s is too much: at most %d GB are saved, and at most %d pieces between the holes of a file"
                    % (entry.path, _MOST_BYTES >> 30, MOST_PIECES)
                )
            info = _member(entry.path, entry.status)
            info.size = status.st_size
            # What shrinks meanwhile is filled up: the archive stays whole, and the file is one that is being written.
            self._tar.add_file(info, pieces, lambda at, length: os.pread(descriptor, length, at) or bytes(length))

    def finish(self) -> None:
        """Add the links, when it is known where they lead."""
        bad = self._links.first_leading_out()
        for path, target in self._links.items():
            if path == bad:
                raise ArchiveError(
                    "data/%s is a link that leads out of the data folder (to %r): remove it, or make it relative"
                    % (path, target)
                )
            info = tarfile.TarInfo(posixpath.join(ROOT, path))
            info.type, info.linkname, info.mode, info.mtime = tarfile.SYMTYPE, target, 0o777, int(time.time())
            self._tar.add(info)
        self._tar.end()


def _member(path: str, status: os.stat_result) -> tarfile.TarInfo:
    info = tarfile.TarInfo(posixpath.join(ROOT, path))
    info.mode, info.mtime = stat.S_IMODE(status.st_mode) & 0o777, int(status.st_mtime)
    return info


def _pieces(descriptor: int, status: os.stat_result) -> list[Piece]:
    """Offset and length of what a file holds between its holes."""
    size = status.st_size
    if status.st_blocks * 512 >= size:
        return [(0, size)]
    found: list[Piece] = []
    at = 0
    while at < size and len(found) < MOST_PIECES:
        try:
            begin = os.lseek(descriptor, at, os.SEEK_DATA)
        except OSError as error:
            if error.errno != errno.ENXIO:  # a file system that knows of no holes
                return [(0, size)]
            break
        at = max(os.lseek(descriptor, begin, os.SEEK_HOLE), begin + 1)
        if begin < size:
            # Whole blocks: others fill them up when they unpack.
            begin, end = begin - begin % BLOCK, min(at + -at % BLOCK, size)
            if found and begin - sum(found[-1]) < _SMALLEST_HOLE:
                begin = found.pop()[0]
            found.append((begin, end - begin))
    return found


@contextlib.contextmanager
def _snapshot(path: str, data: str, size: int) -> t.Iterator[int]:
    """A consistent copy of an SQLite database that others may be writing to; it lies in the app's own ``.tmp``.

    :param size: of the database, as it may be without holes
    """
    import sqlite3  # not every Python has it, and not every app needs it

    place = os.path.join(data, ".tmp")
    os.makedirs(place, mode=0o700, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="pyapps-backup-", dir=place) as folder, contextlib.ExitStack() as stack:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        stack.callback(os.close, descriptor)
        if _room(descriptor) < size:
            raise ArchiveError("%s: the disk has no room for a snapshot of its %d MB" % (path, size >> 20))
        try:
            source = sqlite3.connect("file:%s?mode=rw" % _quoted(path), uri=True, timeout=_BUSY_SECONDS)
            target = sqlite3.connect(os.path.join(folder, "snapshot"))
            with contextlib.closing(source), contextlib.closing(target):
                source.backup(target)
        except sqlite3.Error as error:
            raise ArchiveError("%s: SQLite cannot make a snapshot of it (%s)" % (path, error)) from None
        copy = open_name(descriptor, "snapshot")
        stack.callback(os.close, copy)
        yield copy


def _quoted(path: str) -> str:
    return path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
