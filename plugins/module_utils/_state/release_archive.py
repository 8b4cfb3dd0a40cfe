# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The archive that carries missing releases to a target.

One tar for all apps, of regular files only, not compressed: what is large (models, pictures) hardly shrinks and would
cost seconds, what shrinks is small, and ssh can do it::

    <app>/manifest.json      what the release consists of, by path (links only here)
    <app>/code/<path>        in the manifest's order
    <app>/initial/<path>     what fills a data folder that is new

The target trusts none of it: a path is checked before it is used, every file's hash is compared with the manifest's,
and links are made last, so that nothing is ever written through one.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import posixpath
import tarfile
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.untrusted_files import folder_at, open_file
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.release_files import AppFiles

_CHUNK = 1024 * 1024
_MANIFEST = "manifest.json"
_LARGEST_MANIFEST = 256 * _CHUNK
_CAUSES_OF_ITS_OWN = frozenset((errno.EACCES, errno.EPERM, errno.ELOOP, errno.ENOTDIR, errno.EINVAL))
"""Errors by which one app cannot be read; any other (a full disk) is the archive's."""

CODE = "code"
INITIAL = "initial"

Entries = dict[str, dict[str, t.Any]]


class ArchiveError(Exception):
    """An app's part of the archive is not what it should be; the text says why and what to do."""


class _ExactReader:
    """Gives exactly as many bytes as a member has announced, so that a file that shrinks spoils no other member."""

    def __init__(self, file: t.BinaryIO, size: int) -> None:
        self._file = file
        self._left = size

    def read(self, size: int) -> bytes:
        size = min(size, self._left)
        data = self._file.read(size)
        self._left -= size
        return data.ljust(size, b"\0")


def write_archive(path: str, apps: t.Mapping[str, AppFiles], absent: t.Mapping[str, t.Sequence[str]]) -> dict[str, str]:
    """Write the archive of some apps.

    :param apps: their files, by app
    :param absent: which of an app's ``data.paths`` the target does not have yet; only they are sent
    :returns: why an app could not be read, by app; the target has to leave it out
    """
    failures = {}
    with tarfile.open(path, "w:", format=tarfile.PAX_FORMAT) as archive:
        for name, app in apps.items():
            try:
                with folder_at(app.folder) as top:
                    _add_app(archive, name, app, absent[name], top)
            except FileNotFoundError as error:
                failures[name] = "%s has vanished while it was read: run again" % error.filename
            except OSError as error:
                if error.errno not in _CAUSES_OF_ITS_OWN:
                    raise
                failures[name] = "%s cannot be read: %s" % (error.filename, error.strerror)
    return failures


def _add_app(archive: tarfile.TarFile, name: str, app: AppFiles, absent: t.Sequence[str], top: int) -> None:
    """Add one app.

    :param top: descriptor of its folder
    """
    _add_bytes(archive, "%s/%s" % (name, _MANIFEST), json.dumps(app.entries()).encode())
    for file in app.files:
        if not file.is_link:
            _add_file(archive, "%s/%s/%s" % (name, CODE, file.path), top, file.path)
    for file in app.initial:
        if any(file.path == place or file.path.startswith(place + "/") for place in absent):
            _add_file(archive, "%s/%s/%s" % (name, INITIAL, file.path), top, file.path)


def _add_bytes(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    archive.addfile(member, io.BytesIO(data))


def _add_file(archive: tarfile.TarFile, name: str, top: int, path: str) -> None:
    with open_file(top, path) as file:
        member = tarfile.TarInfo(name)
        member.size = os.fstat(file.fileno()).st_size
        archive.addfile(member, t.cast(t.BinaryIO, _ExactReader(file, member.size)))


class Unpacking:
    """One app's part of the archive, being written below a new folder that only the caller can write.

    :param folder: gets the subfolders ``code`` and ``initial``
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.entries: Entries = {}
        self._written: set[str] = set()
        self._folders: set[str] = set()
        self._has_manifest = False
        for name in (CODE, INITIAL):
            os.mkdir(os.path.join(folder, name), 0o755)

    def take(self, path: str, data: t.BinaryIO, size: int) -> None:
        """Take the next member.

        :param path: its name below the app's
        :raises ArchiveError: it is nothing that an archive of ours holds
        :raises OSError: it cannot be written
        """
        if path == _MANIFEST and not self._has_manifest:
            self.entries = _read_manifest(data, size)
            self._has_manifest = True
            return
        part, _slash, below = path.partition("/")
        if part == CODE and "sha256" in self.entries.get(below, {}) and below not in self._written:
            entry = self.entries[below]
            digest = self._write(os.path.join(CODE, below), data, 0o555 if entry["executable"] else 0o444)
            if digest != entry["sha256"]:
                raise ArchiveError("%s has changed while it was read: run again" % below)
            self._written.add(below)
        elif part == INITIAL and is_plain_path(below):
            self._write(os.path.join(INITIAL, below), data, 0o644)
        else:
            raise ArchiveError("%r does not belong into a release" % path)

    def _write(self, path: str, data: t.BinaryIO, mode: int) -> str:
        """Write a new file and return its SHA-256."""
        full = os.path.join(self.folder, path)
        folder = os.path.dirname(full)
        if folder not in self._folders:
            os.makedirs(folder, mode=0o755, exist_ok=True)
            self._folders.add(folder)
        digest = hashlib.sha256()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with open(os.open(full, flags, 0o600), "wb", buffering=0) as file:
            for chunk in iter(lambda: data.read(_CHUNK), b""):
                digest.update(chunk)
                file.write(chunk)
            os.fchmod(file.fileno(), mode)
        return digest.hexdigest()

    def finish(self) -> None:
        """Make the links, when all files are there.

        :raises ArchiveError: a file is missing
        """
        files = {path for path, entry in self.entries.items() if "sha256" in entry}
        if not self._has_manifest or files != self._written:
            raise ArchiveError("the archive ends too early: run again")
        top = os.path.join(self.folder, CODE)
        for path in sorted(set(self.entries) - files):
            make_link(top, path, self.entries[path]["link"])


def unpack(path: str, apps: t.Mapping[str, Unpacking]) -> dict[str, str]:
    """Unpack the parts of some apps.

    :param path: the archive
    :returns: why an app could not be unpacked, by app
    :raises OSError, tarfile.TarError: the archive itself cannot be read
    """
    failures: dict[str, str] = {}
    with tarfile.open(path, "r:") as archive:
        for member in archive:
            name, _slash, below = member.name.partition("/")
            if name not in apps or name in failures:
                continue
            data = archive.extractfile(member) if member.isreg() else None
            try:
                if data is None:
                    raise ArchiveError("%r is not a regular file" % member.name)
                apps[name].take(below, t.cast(t.BinaryIO, data), member.size)
            except (ArchiveError, OSError) as error:
                failures[name] = str(error)
    for name in sorted(set(apps) - set(failures)):
        try:
            apps[name].finish()
        except (ArchiveError, OSError) as error:
            failures[name] = str(error)
    return failures


def is_plain_path(path: str) -> bool:
    """Whether a path is relative, in its shortest form, and goes nowhere but down."""
    parts = path.split("/")
    return bool(path) and "\0" not in path and not any(part in ("", ".", "..") for part in parts)


def make_link(top: str, path: str, target: str) -> None:
    """Make a link below a folder, through no other link.

    :param target: relative to the link's folder; the caller has checked where it leads
    :raises ArchiveError: a folder on the way is a link
    """
    folder = top
    for part in path.split("/")[:-1]:
        folder = os.path.join(folder, part)
        if os.path.islink(folder):
            raise ArchiveError("%s would lie behind a link" % path)
        os.makedirs(folder, mode=0o755, exist_ok=True)
    os.symlink(target, os.path.join(top, path))


def _read_manifest(data: t.BinaryIO, size: int) -> Entries:
    if size > _LARGEST_MANIFEST:
        raise ArchiveError("the manifest is too large: an app of so many files cannot be sent")
    entries = json.loads(data.read(size))
    for path, entry in entries.items():
        target = posixpath.normpath(posixpath.join(posixpath.dirname(path), entry.get("link", "")))
        if not is_plain_path(path) or target == ".." or target.startswith(("/", "../")):
            raise ArchiveError("%r does not belong into a release" % path)
    return t.cast(Entries, entries)
