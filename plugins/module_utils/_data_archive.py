# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An app's data folder as one archive, and back. PRIVATE to the collection.

Both run with the app's rights, so an archive says what the app says: neither its names nor its links are believed, and
what it holds can become nothing but the app's own data again.

An SQLite database is taken as its own snapshot, so that an app may go on writing meanwhile.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import posixpath
import stat
import tarfile
import tempfile
import time
import typing as t
import zlib

MANIFEST = "pyapps-backup.json"
FORMAT = 1
NOT_SAVED = (".tmp", ".home/.cache")
"""Below ``data/``, what only this host needs."""

_ROOT = "data"
_SQLITE = b"SQLite format 3\0"
_SQLITE_SIDES = ("-wal", "-shm", "-journal")
_BUSY_SECONDS = 30.0
_LARGEST_MANIFEST = 64 * 1024
_RESERVE = 64 * 1024 * 1024  # bytes that stay free on the file system


class ArchiveError(ValueError):
    """Data that can not be saved, or an archive that can not be restored; the text says what and what to do."""


class Saved(t.NamedTuple):
    """What an archive holds; ``skipped`` are sockets and pipes, in which nothing can be saved."""

    files: int
    size: int
    skipped: list[str]


# Saving


def save(data: str, manifest: t.Mapping[str, t.Any], target: t.BinaryIO) -> Saved:
    """Write the archive of a data folder.

    :param manifest: what is said about it; its format is added
    :param target: where to, open for writing
    :raises ArchiveError: a device, or a link that leads out of the folder
    :raises OSError: something can not be read or written
    """
    files, size, skipped = 0, 0, []
    with (
        gzip.GzipFile(fileobj=target, mode="wb", compresslevel=6, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar,
    ):
        _add(tar, MANIFEST, json.dumps({"format": FORMAT, **manifest}, sort_keys=True).encode())
        for path, status in _walk(data):
            full = os.path.join(data, path)
            info = _member(path, status)
            if stat.S_ISDIR(status.st_mode):
                info.type = tarfile.DIRTYPE
                tar.addfile(info)
            elif stat.S_ISLNK(status.st_mode):
                info.type, info.linkname = tarfile.SYMTYPE, _checked_link(path, os.readlink(full))
                tar.addfile(info)
            elif stat.S_ISREG(status.st_mode):
                size += _add_file(tar, info, full, data)
                files += 1
            elif stat.S_ISSOCK(status.st_mode) or stat.S_ISFIFO(status.st_mode):
                skipped.append(path)
            else:
                raise ArchiveError("data/%s is a device, which no app's data may hold: remove it" % path)
    target.flush()
    return Saved(files, size, skipped)


def _walk(data: str) -> t.Iterator[tuple[str, os.stat_result]]:
    """Everything below a folder that is to be saved, folders before what is in them; no link is followed."""
    folders = [""]
    while folders:
        folder = folders.pop()
        for name in sorted(os.listdir(os.path.join(data, folder))):
            path = posixpath.join(folder, name)
            if path in NOT_SAVED or (not folder and name.startswith(".part-")):
                continue
            with contextlib.suppress(FileNotFoundError):  # it has gone meanwhile
                status = os.lstat(os.path.join(data, path))
                if stat.S_ISREG(status.st_mode) and _is_side_file(data, path):
                    continue
                yield path, status
                if stat.S_ISDIR(status.st_mode):
                    folders.append(path)


def _is_side_file(data: str, path: str) -> bool:
    """Whether a file belongs to an SQLite database beside it, whose snapshot holds it all."""
    suffix = next((suffix for suffix in _SQLITE_SIDES if path.endswith(suffix)), "")
    return bool(suffix) and _is_sqlite(os.path.join(data, path[: -len(suffix)]))


def _is_sqlite(path: str) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    with os.fdopen(descriptor, "rb") as file:
        return stat.S_ISREG(os.fstat(descriptor).st_mode) and file.read(len(_SQLITE)) == _SQLITE


def _member(path: str, status: os.stat_result) -> tarfile.TarInfo:
    info = tarfile.TarInfo(posixpath.join(_ROOT, path))
    info.mode, info.mtime = stat.S_IMODE(status.st_mode) & 0o777, int(status.st_mtime)
    return info


def _checked_link(path: str, target: str) -> str:
    """The target of a link below ``data/``.

    :raises ArchiveError: it leads out of the folder
    """
    landing = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
    if target.startswith("/") or landing == ".." or landing.startswith("../"):
        raise ArchiveError(
            "data/%s is a link that leads out of the data folder (to %r): remove it, or make it relative"
            % (path, target)
        )
    return target


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = len(content), 0o644, int(time.time())
    tar.addfile(info, io.BytesIO(content))


def _add_file(tar: tarfile.TarFile, info: tarfile.TarInfo, path: str, data: str) -> int:
    """Add one file, of an SQLite database a snapshot; its size."""
    with contextlib.ExitStack() as stack:
        if _is_sqlite(path):
            path = stack.enter_context(_snapshot(path, data))
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        file = stack.enter_context(os.fdopen(descriptor, "rb"))
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ArchiveError("%s has become something else while it was read: run again" % info.name)
        info.size = os.fstat(descriptor).st_size
        # What shrinks meanwhile is filled up: the archive stays whole, and the file is one that is being written.
        tar.addfile(info, t.cast(t.Any, _Exactly(file, info.size)))
    return info.size


class _Exactly:
    """A file that gives as many bytes as were promised, zeros where it has become shorter."""

    def __init__(self, file: t.BinaryIO, size: int) -> None:
        self._file, self._left = file, size

    def read(self, count: int) -> bytes:
        count = min(count, self._left)
        block = self._file.read(count)
        self._left -= count
        return block + bytes(count - len(block))


@contextlib.contextmanager
def _snapshot(path: str, data: str) -> t.Iterator[str]:
    """A consistent copy of an SQLite database that others may be writing to; it lies in the app's own ``.tmp``."""
    import sqlite3  # not every Python has it, and not every app needs it

    place = os.path.join(data, ".tmp")
    os.makedirs(place, mode=0o700, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="pyapps-backup-", dir=place) as folder:
        copy = os.path.join(folder, "snapshot")
        try:
            source = sqlite3.connect("file:%s?mode=rw" % _quoted(path), uri=True, timeout=_BUSY_SECONDS)
            target = sqlite3.connect(copy)
            with contextlib.closing(source), contextlib.closing(target):
                source.backup(target)
        except sqlite3.Error as error:
            raise ArchiveError("%s: SQLite can not make a snapshot of it (%s)" % (path, error)) from None
        yield copy


def _quoted(path: str) -> str:
    return path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")


# Restoring


def read_manifest(source: t.BinaryIO) -> dict[str, t.Any]:
    """What an archive says about itself.

    :raises ArchiveError: it is not one of ours
    """
    try:
        # No more than this is unpacked: whoever asks has more rights than who wrote the archive.
        head = gzip.GzipFile(fileobj=source).read(2 * _LARGEST_MANIFEST)
        with tarfile.open(fileobj=io.BytesIO(head), mode="r|") as tar:
            return _first(tar)
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise ArchiveError("this is no archive of the backup playbook (%s)" % error) from None


def _first(tar: tarfile.TarFile) -> dict[str, t.Any]:
    member = tar.next()
    if member is None or member.name != MANIFEST or not member.isreg() or member.size > _LARGEST_MANIFEST:
        raise ArchiveError("this is no archive of the backup playbook (it does not begin with %s)" % MANIFEST)
    file = tar.extractfile(member)
    try:
        manifest = json.loads(file.read()) if file else None
    except ValueError:
        manifest = None
    if not isinstance(manifest, dict) or not isinstance(manifest.get("app"), str):
        raise ArchiveError("this is no archive of the backup playbook (%s can not be read)" % MANIFEST)
    if manifest.get("format") != FORMAT:
        raise ArchiveError(
            "the archive has format %r, and this collection knows %d: use the collection that has made it"
            % (manifest.get("format"), FORMAT)
        )
    return manifest


def restore(source: t.BinaryIO, target: str) -> Saved:
    """Unpack an archive into an empty folder.

    :raises ArchiveError: a name or a link leads out of it, there is no room, or the archive is damaged; what was
        unpacked so far stays in the folder
    """
    files, size = 0, 0
    links: set[str] = set()
    room = os.statvfs(target).f_bavail * os.statvfs(target).f_frsize - _RESERVE
    folders: list[tuple[str, tarfile.TarInfo]] = []
    try:
        with tarfile.open(fileobj=source, mode="r|gz") as tar:
            _first(tar)
            while (member := tar.next()) is not None:  # iterating would begin with the first one again
                path = _checked_name(member.name, links)
                full = os.path.join(target, path)
                if member.isdir():
                    os.mkdir(full, 0o700)
                    folders.append((full, member))
                elif member.issym():
                    os.symlink(_checked_link(path, member.linkname), full)
                    links.add(path)
                elif member.isreg():
                    size += member.size
                    if size > room:
                        raise ArchiveError("the archive needs more room than the disk has (%d MB free)" % (room >> 20))
                    _unpack(tar, member, full)
                    files += 1
                else:
                    raise ArchiveError("%r in the archive is neither file, folder nor link" % member.name)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise ArchiveError("the archive is damaged: %s" % error) from None
    except (FileExistsError, FileNotFoundError, NotADirectoryError) as error:
        raise ArchiveError("the archive is damaged: %s (%s)" % (error.filename, error.strerror)) from None
    for full, member in reversed(folders):
        os.chmod(full, member.mode & 0o777 | 0o700)
        os.utime(full, (member.mtime, member.mtime))
    return Saved(files, size, [])


def _checked_name(name: str, links: t.Collection[str]) -> str:
    """A member's path below ``data/``.

    :raises ArchiveError: it leads out, or through a link
    """
    parts = name.split("/")
    if parts[0] != _ROOT or len(parts) < 2 or {"", ".", ".."} & set(parts) or "\0" in name:
        raise ArchiveError("%r in the archive leads out of the data folder: nothing was restored" % name)
    for end in range(2, len(parts)):
        if "/".join(parts[1:end]) in links:
            raise ArchiveError("%r in the archive leads through a link: nothing was restored" % name)
    return "/".join(parts[1:])


def _unpack(tar: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> None:
    content = tar.extractfile(member)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        left = member.size
        while content and left:
            block = content.read(min(left, 1 << 20))
            if not block:
                raise ArchiveError("the archive is damaged: %r is not whole" % member.name)
            file.write(block)
            left -= len(block)
        file.flush()
        os.fchmod(descriptor, member.mode & 0o777 | 0o600)
        os.fsync(descriptor)
    os.utime(path, (member.mtime, member.mtime))
