# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Atomic and durable changes of files, folders and links.

A reader sees the old file or the new one, never a half; and what was renamed into place survives a power cut, because
file and folder are synced before the rename is relied on.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import grp
import os
import pwd
import secrets
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.tree_removal import TreeRemoval

PART = ".part-"
"""Names that begin with this are unfinished work of a run; whoever holds the lock may delete them."""

_FOLDER_MODE = 0o755

_ADVICE = {
    errno.ENOSPC: ": make room and run again",
    errno.EDQUOT: ": the quota is used up, make room and run again",
    errno.EROFS: ": the file system is mounted read-only, often after a disk error",
}


def explain(error: Exception) -> str:
    """What went wrong, and what to do where that is the machine's matter and not the app's."""
    if not isinstance(error, OSError) or not error.strerror:
        return str(error)
    where = " (%s)" % error.filename if error.filename else ""
    return error.strerror + where + _ADVICE.get(error.errno or 0, "")


def sync_folder(path: str) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_file_system(path: str) -> None:
    """Make everything on the file system of a folder durable: one call for thousands of files.

    Other file systems (a hanging NFS) are not waited for.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        libc_call("syncfs", descriptor)
    finally:
        os.close(descriptor)


def libc_call(name: str, *arguments: t.Any) -> None:
    """Make a system call that Python has no function for.

    :raises AttributeError: this libc has not got it either
    :raises OSError: it failed
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def part_path(path: str) -> str:
    """A name beside ``path`` for work that is not finished."""
    folder, name = os.path.split(path)
    return os.path.join(folder, "%s%s-%s" % (PART, name, secrets.token_hex(4)))


def read_bytes(path: str) -> bytes | None:
    """The content of a file, or None when there is none."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def read_text(path: str) -> str | None:
    """The text of a file, or None when there is none."""
    content = read_bytes(path)
    return None if content is None else content.decode("utf-8")


def _ids(owner: str | None, group: str | None) -> tuple[int, int]:
    uid = pwd.getpwnam(owner).pw_uid if owner else -1
    gid = grp.getgrnam(group).gr_gid if group else -1
    return uid, gid


def write_file(
    path: str, content: str | bytes, mode: int = 0o644, owner: str | None = None, group: str | None = None
) -> None:
    """Replace a file atomically and durably.

    :param mode: permissions, set before the content is visible under its name
    :param owner: user name; None leaves the file to the caller
    :raises OSError: the disk is full, the folder is missing, ...; the old file is untouched then
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    part = part_path(path)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            if owner or group:
                os.fchown(file.fileno(), *_ids(owner, group))
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        os.rename(part, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(part)
        raise
    sync_folder(os.path.dirname(path))


_AT_FDCWD, _RENAME_EXCHANGE = -100, 2  # fcntl.h, stdio.h


def exchange(path: str, other: str) -> bool:
    """Exchange two names of one folder, durably: at any moment both are there.

    :returns: whether it was done; not every file system can
    :raises OSError: one of them is not there, the disk is read-only, ...
    """
    try:
        libc_call("renameat2", _AT_FDCWD, os.fsencode(path), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE)
    except AttributeError:
        return False
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.ENOSYS):
            return False
        raise
    sync_folder(os.path.dirname(path))
    return True


def put_in_place(part: str, path: str) -> None:
    """Rename a finished folder into place; the one that is there is exchanged in one step, then deleted."""
    if not os.path.lexists(path):
        os.rename(part, path)
    elif not exchange(part, path):
        # A file system without exchange: the path is missing for a moment.
        remove_tree(path)
        os.rename(part, path)
    sync_folder(os.path.dirname(path))


def point_link(path: str, target: str) -> None:
    """Make ``path`` a link to ``target`` by one atomic rename, durably."""
    part = part_path(path)
    os.symlink(target, part)
    try:
        os.rename(part, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(part)
        raise
    sync_folder(os.path.dirname(path))


def remove_tree(path: str) -> None:
    """Delete a folder so that it is gone at once: renamed aside first, then emptied. A missing folder is fine."""
    aside = part_path(path)
    try:
        os.rename(path, aside)
    except FileNotFoundError:
        return
    sync_folder(os.path.dirname(path))
    force_remove(aside)


def force_remove(path: str) -> None:
    """Delete a file, a link or a folder with everything in it, also where somebody else changes the tree meanwhile.

    Environments and releases are read-only for their owner too. What is not there is fine.

    :param path: the folder that holds it must be one that nobody else can write
    :raises OSError: something stays
    """
    folder, name = os.path.split(path.rstrip("/"))
    with contextlib.suppress(FileNotFoundError), TreeRemoval(folder or ".", PART) as removal:
        removal.remove(name)


def remove_parts(folder: str) -> None:
    """Delete what a killed run left unfinished in a folder. Only for who holds the host's lock."""
    for path in parts(folder):
        force_remove(path)


def parts(folder: str) -> list[str]:
    """What is unfinished in a folder: another run works there, or was killed."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    return [os.path.join(folder, name) for name in names if name.startswith(PART)]


def make_folder(path: str, mode: int = _FOLDER_MODE, owner: str | None = None, group: str | None = None) -> bool:
    """Make a folder (and what is missing above it) or correct it.

    :returns: whether anything changed
    """
    changed = folder_differs(path, mode, owner, group)
    if changed:
        _make_parents(path)
        if owner or group:
            os.chown(path, *_ids(owner, group))
        os.chmod(path, mode)
    return changed


def _make_parents(path: str) -> None:
    """Make a folder and those above it, none of which is left to the umask of whoever runs this."""
    if os.path.isdir(path):
        return
    _make_parents(os.path.dirname(path))
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        if os.path.isdir(path):  # somebody else has been faster
            return
        raise
    os.chmod(path, _FOLDER_MODE)


def folder_differs(path: str, mode: int = _FOLDER_MODE, owner: str | None = None, group: str | None = None) -> bool:
    """Whether :func:`make_folder` would change anything."""
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return True
    uid, gid = _ids(owner, group)
    return (status.st_mode & 0o7777) != mode or (uid not in (-1, status.st_uid)) or (gid not in (-1, status.st_gid))


def diff_entry(path: str, before: str | None, after: str | None) -> dict[str, t.Any]:
    """One entry of a module's ``diff`` list: a missing file is an empty text."""
    return {"before_header": path, "after_header": path, "before": before or "", "after": after or ""}
