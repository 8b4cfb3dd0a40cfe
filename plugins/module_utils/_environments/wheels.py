# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wheels of an app's packages that have none: built in the app's sandbox, and taken out of it by their hash.

They are all that leaves the sandbox. The environment is then made of them and of the index's wheels by the build user,
as whom no code of a package runs.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.lock import pins_of
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.sandbox import Sandbox
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import files as _files
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.open_files import NOT_PLAIN, copy_file
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.unprivileged import EnvironmentFailedError
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.untrusted_files import open_name
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.grammar import as_lines, normalised

_WHEEL = re.compile(r"(?P<name>[A-Za-z0-9_.]+)-[A-Za-z0-9_.!+]+(?:-[0-9][A-Za-z0-9_.]*)?(?:-[A-Za-z0-9_.]+){3}\.whl")
_DEEPEST = 8  # uv's cache: sdists-v11/index/<index>/<package>/<version>/<revision>/<wheel>
_LARGEST = 4 << 30  # of all wheels of an app; a file with holes takes no room where it was built, and here it does


@contextlib.contextmanager
def folder_for_wheels(envs: str) -> t.Iterator[str]:
    """A folder of ours that every user can read, for the duration of some work."""
    path = _files.part_path(os.path.join(envs, "wheels"))
    os.mkdir(path, 0o755)
    try:
        yield path
    finally:
        _files.force_remove(path)


def build(place: Sandbox, lock: str, python: str, seconds: float, into: str) -> str:
    """Have uv build what has no wheel, and take the wheels.

    :param lock: a lock's text
    :param into: an empty folder of ours; nobody else can write it
    :returns: the lock's text with the wheels' hashes
    :raises EnvironmentFailedError: something cannot be built
    """
    wanted = pins_of(lock)
    file = os.path.join(place.work, "lock.txt")
    _files.write_file(file, as_lines(wanted), 0o644)
    # uv has no command that builds wheels of a lock; but it keeps those that it has built for an environment.
    place.uv.make_environment(os.path.join(place.build, "env"), python, file, place.build, seconds)
    place.end()
    built = _take(place.build, {pin.name for pin in wanted}, into)
    return as_lines(
        pin.with_hashes((*pin.hashes, *("sha256:" + digest for name, digest in built if name == pin.name)))
        for pin in wanted
    )


def _take(build_folder: str, names: set[str], into: str) -> list[tuple[str, str]]:
    """Copy the wheels of some packages; no link is followed.

    :param names: of the packages, as PyPI compares them
    :returns: such a name, and the hash, of each wheel
    """
    root = os.open(build_folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    taken: dict[str, tuple[str, str]] = {}
    room = _LARGEST
    try:
        owner = os.fstat(root).st_uid
        for folder, file in _wheels(root, _DEEPEST):
            match = _WHEEL.fullmatch(file)
            name = normalised(match.group("name")) if match else ""
            if name in names and file not in taken:
                target = os.path.join(into, file)
                taken[file] = name, _copy(folder, file, owner, target, room)
                room -= os.path.getsize(target)
    finally:
        os.close(root)
    return list(taken.values())


def _wheels(folder: int, depth: int) -> t.Iterator[tuple[int, str]]:
    """Open folder and name of each wheel, those in a folder before those below it."""
    below = []
    for name in sorted(os.listdir(folder)):
        mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
        if stat.S_ISDIR(mode):
            below.append(name)
        elif stat.S_ISREG(mode) and name.endswith(".whl"):
            yield folder, name
    for name in below if depth else []:
        descriptor = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
        try:
            yield from _wheels(descriptor, depth - 1)
        finally:
            os.close(descriptor)


def _copy(folder: int, name: str, owner: int, target: str, largest: int) -> str:
    with os.fdopen(open_name(folder, name), "rb", buffering=0) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_uid != owner:
            raise EnvironmentFailedError(NOT_PLAIN % name)
        if status.st_size > largest:
            raise EnvironmentFailedError("the wheels that were built have more than %d GB: %s" % (_LARGEST >> 30, name))
        return copy_file(file, target, 0o644)
