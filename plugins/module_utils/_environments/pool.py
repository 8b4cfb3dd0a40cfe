# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One copy of every file of all environments, shared by hard links.

uv links an environment's files from its cache, whose inodes belong to the build user; what apps run must belong to
root. So an environment is adopted: each file is linked from a pool that only root writes, by the hash of its content,
and copied there first when it is new. A further environment costs what differs. Without root everything has one
owner, and the pool takes links instead of copies.

Bytecode has a place in the pool too, named by source, place and interpreter: it is compiled once for all environments.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import errno
import os
import secrets
import stat
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import PART
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.open_files import (
    NOT_PLAIN,
    copy_file,
    hash_file,
    hash_of,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.unprivileged import EnvironmentFailedError
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.untrusted_files import (
    folder_below,
    open_folder,
    open_name,
)

_CACHE = "__pycache__"
_ATTEMPTS = 4
_DEEPEST = 100  # folders in each other, each of which is open while those in it are read


class Pool:
    """The pool of a store.

    :param path: its folder, on the file system of the environments
    :param workers: threads that read and hash
    :param distrust: verify what is in the pool before linking it, and replace what is damaged
    """

    def __init__(self, path: str, workers: int, distrust: bool = False) -> None:
        self._path = path
        self._workers = workers
        self._distrust = distrust
        self._copies = os.geteuid() == 0

    def adopt(self, source: str, target: str, owner: int, interpreter: str) -> dict[str, str]:
        """Make ``target`` the tree ``source``, from the pool's files; bytecode is left out.

        Nothing in ``source`` is trusted: no link is followed, and only plain files of ``owner``, folders, and links
        inside the tree or to the interpreter are taken.

        :param target: a folder that does not exist yet
        :param owner: user id that every file must have
        :returns: the hash of each file by its relative path
        :raises EnvironmentFailedError: something else is in the tree
        """
        root = os.open(source, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        hashes: dict[str, str] = {}
        try:
            folders: list[tuple[str, list[str]]] = []
            self._walk(root, "", target, interpreter, folders)
            with concurrent.futures.ThreadPoolExecutor(self._workers) as threads:
                jobs = [
                    threads.submit(self._adopt_files, root, folder, names, target, owner) for folder, names in folders
                ]
                for job in jobs:
                    hashes.update(job.result())
        finally:
            os.close(root)
        return hashes

    def _walk(
        self, descriptor: int, relative: str, target: str, interpreter: str, found: list[tuple[str, list[str]]]
    ) -> None:
        """Make the folders and links below one folder, and note its plain files."""
        if relative.count("/") > _DEEPEST:
            raise EnvironmentFailedError("%.80s... lies too deep: it is not installed" % relative)
        os.mkdir(os.path.join(target, relative), 0o755)
        names = []
        for name in sorted(os.listdir(descriptor)):
            path = os.path.join(relative, name)
            mode = os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_mode
            if stat.S_ISREG(mode):
                names.append(name)
            elif stat.S_ISLNK(mode):
                _copy_link(os.readlink(name, dir_fd=descriptor), path, target, interpreter)
            elif not stat.S_ISDIR(mode):
                raise EnvironmentFailedError("%s is neither a file nor a folder: it is not installed" % path)
            elif name != _CACHE:
                below = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=descriptor)
                try:
                    self._walk(below, path, target, interpreter, found)
                finally:
                    os.close(below)
        found.append((relative, names))

    def _adopt_files(self, root: int, folder: str, names: list[str], target: str, owner: int) -> dict[str, str]:
        hashes = {}
        with folder_below(root, folder) as descriptor:
            for name in names:
                path = os.path.join(folder, name)
                hashes[path] = self._adopt_file(descriptor, name, path, os.path.join(target, path), owner)
        return hashes

    def _adopt_file(self, folder: int, name: str, shown: str, target: str, owner: int) -> str:
        descriptor = open_name(folder, name)
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode) or status.st_mode & 0o6000 or status.st_uid != owner:
                raise EnvironmentFailedError(NOT_PLAIN % shown)
            suffix = ".x" if status.st_mode & 0o111 else ""
            content = hash_file(file)
            self._link(content, suffix, target, lambda: self._add(folder, name, file, suffix))
            return content

    def _place(self, name: str) -> str:
        return os.path.join(self._path, name[:2], name)

    def _link(self, name: str, suffix: str, target: str, add: t.Callable[[], str]) -> None:
        """Link the pool's file to ``target``; ``add`` brings it there when it is missing, damaged or full of links."""
        place = self._place(name) + suffix
        if self._distrust and os.path.exists(place) and hash_of(place) != name:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(place)
        # Another thread may add, or take away, the same file at this moment.
        for attempts_left in reversed(range(_ATTEMPTS)):
            try:
                os.link(place, target)
                return
            except OSError as error:
                if not attempts_left or error.errno not in (errno.EMLINK, errno.ENOENT):
                    raise
                if error.errno == errno.EMLINK:
                    with contextlib.suppress(FileNotFoundError):
                        os.unlink(place)
            place = add()

    def _add(self, folder: int, name: str, file: t.BinaryIO, suffix: str) -> str:
        """Bring an open file into the pool, under the hash of what was copied.

        :returns: its place
        """
        mode = 0o555 if suffix == ".x" else 0o444
        if self._copies:
            return self._add_copy(file, mode, lambda content: self._place(content) + suffix)
        place = self._place(hash_file(file)) + suffix
        with contextlib.suppress(FileExistsError):
            _in_folder(place, lambda: os.link(name, place, src_dir_fd=folder, follow_symlinks=False))
        os.chmod(place, mode)
        return place

    def _add_copy(self, file: t.BinaryIO, mode: int, name: t.Callable[[str], str]) -> str:
        """Copy an open file into the pool.

        :param name: gives its place from the hash of what was copied
        """
        part = os.path.join(self._path, PART + secrets.token_hex(8))
        place = name(copy_file(file, part, mode))
        # Never over a file that is there: whoever is about to link that one would find it gone.
        with contextlib.suppress(FileExistsError):
            _in_folder(place, lambda: os.link(part, place))
        os.unlink(part)
        return place

    def has_bytecode(self, key: str) -> bool:
        """Whether the bytecode of this key is known (and trusted)."""
        return not self._distrust and os.path.exists(self._place(key) + ".pyc")

    def adopt_bytecode(self, source: str, target: str, owner: int, keys: t.Mapping[str, str]) -> None:
        """Link bytecode into ``target``: from the pool, else from ``source``, where it was just compiled.

        :param keys: pool key by relative path of the bytecode; what is in neither place (a source that is no valid
            Python) is left out
        """
        root = os.open(source, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            for path, key in keys.items():
                place = self._place(key) + ".pyc"
                if not self.has_bytecode(key) and not self._add_bytecode(root, path, place, owner):
                    continue
                with contextlib.suppress(FileExistsError):
                    os.mkdir(os.path.dirname(os.path.join(target, path)), 0o755)
                os.link(place, os.path.join(target, path))
        finally:
            os.close(root)

    def _add_bytecode(self, root: int, path: str, place: str, owner: int) -> bool:
        folder_name, name = os.path.split(path)
        try:
            folder = open_folder(root, folder_name)
        except FileNotFoundError:
            return False
        try:
            descriptor = open_name(folder, name)
        except FileNotFoundError:
            return False
        finally:
            os.close(folder)
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode) or status.st_uid != owner:
                raise EnvironmentFailedError(NOT_PLAIN % path)
            self._add_copy(file, 0o444, lambda content: place)
        return True

    def prune(self) -> None:
        """Delete what no environment uses any more, and what a killed run left."""
        for folder, _folders, names in os.walk(self._path):
            for name in names:
                path = os.path.join(folder, name)
                if name.startswith(PART) or os.lstat(path).st_nlink == 1:
                    os.unlink(path)


def _in_folder(place: str, bring: t.Callable[[], None]) -> None:
    """Do what brings a file to its place; the folder is made when it turns out to be missing."""
    try:
        bring()
    except FileNotFoundError:
        with contextlib.suppress(FileExistsError):
            os.mkdir(os.path.dirname(place), 0o700)
        bring()


def _copy_link(text: str, path: str, target: str, interpreter: str) -> None:
    parts = text.split("/")
    # Steps up only at the beginning: behind another link they would lead up from somewhere else.
    up = next((number for number, part in enumerate(parts) if part != ".."), len(parts))
    inside = not os.path.isabs(text) and ".." not in parts[up:] and up <= path.count("/")
    if not inside and text != interpreter:
        raise EnvironmentFailedError("%s is a link out of the environment (%s): it is not installed" % (path, text))
    os.symlink(text, os.path.join(target, path))
