# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists what an app's folder sends to a target.

Only regular files and links that stay inside the folder are sent; folders come into being with their files. Everything
is named relative to the app's folder, with ``/``.

Who may write an app's folder may be less than who runs Ansible. So what is read is reached through open folders, and no
link leads the reading elsewhere, also when it takes a folder's place meanwhile.
"""

from __future__ import annotations

import hashlib
import os
import stat
import typing as t
from dataclasses import dataclass, field

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.app_files import (
    KIB,
    UnreadableError,
    read_app_text,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.untrusted_files import (
    folder_at,
    folder_below,
    open_file,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.registry import made_paths
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.ignore import IGNORE_FILE, IgnoreError, IgnoreRules

_CHUNK = 1024 * 1024
_ENVIRONMENT = "pyvenv.cfg"
_LARGEST_IGNORE_FILE = 64 * KIB
_LARGEST_SEED = 16 * 1024 * 1024  # of a larger file of data only the size tells whether it has changed
_SEED_DIGITS = 16


class AppFilesError(Exception):
    """The app's folder holds something that cannot be sent; the text names it and says what to do."""


class AppFile(t.NamedTuple):
    """One entry of a release.

    :param content: SHA-256 of a file, in hex; the target of a link, relative to the link's folder
    :param size: bytes of a file
    """

    path: str
    content: str
    is_link: bool = False
    executable: bool = False
    size: int = 0

    def as_entry(self) -> dict[str, t.Any]:
        """What a release keeps about it, by its path."""
        if self.is_link:
            return {"link": self.content}
        return {"sha256": self.content, "executable": self.executable}


@dataclass
class AppFiles:
    """What an app's folder sends.

    :param folder: absolute, with links followed
    :param files: sorted by path
    :param initial: files below ``data.paths``; they belong to no release, and only fill a data folder that is new
    :param notices: what a person should know
    """

    folder: str
    files: list[AppFile] = field(default_factory=list)
    initial: list[AppFile] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def seeds(self, data_paths: t.Iterable[str]) -> dict[str, str]:
        """By path, the hash of what the folder holds there; paths without content are left out."""
        found = {}
        for path in data_paths:
            content = [(file.path, file.size, file.content) for file in self.initial if _is_below(file.path, path)]
            if content:
                found[path] = hashlib.sha256(repr(content).encode()).hexdigest()[:_SEED_DIGITS]
        return found

    def entries(self) -> dict[str, dict[str, t.Any]]:
        return {file.path: file.as_entry() for file in self.files}


def list_app_files(folder: str, data_paths: t.Sequence[str] = ()) -> AppFiles:
    """List and hash what a folder sends.

    :param data_paths: relative paths that a release replaces by links into the app's data folder
    :raises AppFilesError: a link leads out, an entry is neither file nor link, a file cannot be read, ...
    """
    found = AppFiles(os.path.realpath(folder))
    try:
        _check_prerequisites(found, data_paths)
        with folder_at(found.folder) as top:
            links = _list_files(found, top, data_paths)
        sent = {file.path for file in found.files}
        found.files += [_read_link(found.folder, path, sent, data_paths) for path in links]
    except OSError as error:
        raise AppFilesError("%s cannot be read: %s" % (error.filename, error.strerror)) from None
    found.files.sort()
    found.initial.sort()
    return found


def _list_files(found: AppFiles, top: int, data_paths: t.Sequence[str]) -> list[str]:
    """Add the files of a folder.

    :param top: its descriptor
    :returns: its links
    """
    links: list[str] = []
    for path, status in _walk(top, _rules(found.folder)):
        in_data = any(_is_below(path, data_path) for data_path in data_paths)
        if stat.S_ISLNK(status.st_mode) and not in_data:
            links.append(path)
        elif not stat.S_ISREG(status.st_mode):
            raise AppFilesError("%s is %s: remove it or name it in %s" % (path, _name_of(status), IGNORE_FILE))
        else:
            part = found.initial if in_data else found.files
            part.append(_read(top, path, status, hashed=not in_data or status.st_size <= _LARGEST_SEED))
    return links


def _rules(folder: str) -> IgnoreRules:
    try:
        return IgnoreRules(read_app_text(folder, os.path.join(folder, IGNORE_FILE), _LARGEST_IGNORE_FILE))
    except FileNotFoundError:
        return IgnoreRules()
    except (UnreadableError, IgnoreError) as error:
        raise AppFilesError("%s %s" % (IGNORE_FILE, error)) from None


def _check_prerequisites(found: AppFiles, data_paths: t.Sequence[str]) -> None:
    """Names where a release puts something of its own must not be links, or files where it needs a folder."""
    folders = set(filter(None, map(os.path.dirname, made_paths())))
    for path in data_paths:
        parts = path.split("/")
        folders.update("/".join(parts[:count]) for count in range(1, len(parts)))
    for path in sorted(folders):
        full = os.path.join(found.folder, path)
        if os.path.lexists(full) and (os.path.islink(full) or not os.path.isdir(full)):
            raise AppFilesError("%s must be a folder, not a link or a file" % path)


def _walk(top: int, rules: IgnoreRules) -> t.Iterator[tuple[str, os.stat_result]]:
    """Every entry below an open folder that is not a folder and not left out."""
    folders = [""]
    while folders:
        below = folders.pop()
        with folder_below(top, below) as descriptor, os.scandir(descriptor) as entries:
            for entry in entries:
                path = "%s/%s" % (below, entry.name) if below else entry.name
                is_folder = entry.is_dir(follow_symlinks=False)
                if rules.leaves_out(path, is_folder):
                    continue
                _check_name(path)
                if not is_folder:
                    yield path, entry.stat(follow_symlinks=False)
                elif not _is_environment(descriptor, entry.name):
                    folders.append(path)


def _is_environment(folder: int, name: str) -> bool:
    try:
        os.stat("%s/%s" % (name, _ENVIRONMENT), dir_fd=folder, follow_symlinks=False)
    except OSError:
        return False
    return True


def _check_name(path: str) -> None:
    try:
        path.encode()
    except UnicodeEncodeError:
        raise AppFilesError("%r: the name is not UTF-8: rename it" % path) from None


def _read(top: int, path: str, status: os.stat_result, hashed: bool) -> AppFile:
    content = _sha256(top, path) if hashed else ""
    return AppFile(path, content, False, bool(status.st_mode & stat.S_IXUSR), status.st_size)


def _sha256(top: int, path: str) -> str:
    digest = hashlib.sha256()
    with open_file(top, path) as file:
        for chunk in iter(lambda: file.read(_CHUNK), b""):
            digest.update(chunk)
    return digest.hexdigest()


def _read_link(root: str, path: str, sent: t.Collection[str], data_paths: t.Sequence[str]) -> AppFile:
    """A link, made relative and direct.

    :raises AppFilesError: its target is missing, outside the folder or not sent
    """
    full = os.path.join(root, path)
    real = os.path.realpath(full)
    target = os.path.relpath(real, root)
    if target == ".." or target.startswith("../"):
        raise AppFilesError("%s is a link that leads out of the app's folder: copy the file into the folder" % path)
    if not os.path.exists(real):
        raise AppFilesError("%s is a link that leads nowhere: remove it or name it in %s" % (path, IGNORE_FILE))
    is_data = any(_is_below(target, data_path) for data_path in data_paths)
    if not is_data and not any(_is_below(name, target) for name in sent):
        raise AppFilesError("%s is a link to %s, which is not sent: copy the file or remove the link" % (path, target))
    return AppFile(path, os.path.relpath(real, os.path.dirname(full)), is_link=True)


def _is_below(path: str, folder: str) -> bool:
    """Whether a path is a folder or lies in it."""
    return path == folder or path.startswith(folder + "/")


def _name_of(status: os.stat_result) -> str:
    if stat.S_ISLNK(status.st_mode):
        return "a link in a place of data"
    if stat.S_ISFIFO(status.st_mode):
        return "a named pipe"
    if stat.S_ISSOCK(status.st_mode):
        return "a socket"
    return "a device"
