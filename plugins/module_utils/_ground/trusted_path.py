# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether somebody else could exchange a folder: who owns it or one above it, or may write there, runs what lies in it.

Reads only.
"""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import stat

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import printable


def faults(path: str) -> list[str]:
    """Why a folder cannot be relied on; what is missing of it is yet to be made.

    :param path: absolute
    """
    found = []
    for part in dict.fromkeys([*_parts(path), *_parts(os.path.realpath(path))]):
        try:
            status = os.lstat(part)
        except OSError:
            continue
        if status.st_uid not in (0, os.geteuid()):
            kind = "the link" if stat.S_ISLNK(status.st_mode) else "the folder"
            found.append("%s %s belongs to %s, who could put something else there" % (kind, part, _name(status.st_uid)))
        elif who := _others_who_exchange(status):
            found.append(
                "%s may exchange what is in the folder %s (mode %o)" % (who, part, stat.S_IMODE(status.st_mode))
            )
    return [printable(fault) for fault in found]


def _others_who_exchange(status: os.stat_result) -> str:
    """Who else may move and remove what lies in a folder; "" when nobody may, as where only owners do (sticky)."""
    if not stat.S_ISDIR(status.st_mode) or status.st_mode & stat.S_ISVTX:
        return ""
    if status.st_mode & stat.S_IWOTH:
        return "everybody"
    if status.st_mode & stat.S_IWGRP and (others := _members(status.st_gid)):
        return ", ".join(others)
    return ""


def _members(gid: int) -> list[str]:
    """The users of a group, less root and who asks."""
    listed: list[str] = []
    with contextlib.suppress(KeyError):
        listed = grp.getgrgid(gid).gr_mem
    users = [user for user in pwd.getpwall() if user.pw_uid not in (0, os.geteuid())]
    return sorted(user.pw_name for user in users if user.pw_gid == gid or user.pw_name in listed)


def _parts(path: str) -> list[str]:
    """A path and every folder above it, from the top."""
    found = [path]
    while os.path.dirname(found[0]) != found[0]:
        found.insert(0, os.path.dirname(found[0]))
    return found


def _name(uid: int) -> str:
    try:
        return "%s (uid %d)" % (pwd.getpwuid(uid).pw_name, uid)
    except KeyError:
        return "uid %d" % uid
