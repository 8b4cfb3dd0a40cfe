# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders and users of a host. PRIVATE to the collection.

Everything above an app's ``data/`` is root's. Root never works below ``data/``: what is in there belongs to the app,
which could have planted a link.
"""

from __future__ import annotations

import os
import pwd
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._files import folder_differs, make_folder
from ansible_collections.selfhost.pyapps.plugins.module_utils._layout import BUILD_USER, Layout, app_user

Run = t.Callable[[t.Any], t.Any]
"""``module.run_command``: arguments in; exit status, output and errors out."""


class UserError(Exception):
    """A system user could not be made; the text says which and why."""


class Folder(t.NamedTuple):
    """A folder that must be there; ``user`` None means who runs this."""

    path: str
    mode: int
    user: str | None = None


def folders(layout: Layout, apps: t.Iterable[str], as_root: bool) -> list[Folder]:
    """Every folder of the layout, parents first."""
    found = [
        Folder(layout.etc, 0o755),
        Folder(layout.srv, 0o755),
        Folder(layout.run, 0o755),
        Folder(layout.log, 0o755),
        Folder(layout.envs, 0o755),
        Folder(layout.locks, 0o755),
        Folder(layout.assets, 0o755),
        Folder(layout.tools, 0o755),
        Folder(layout.apps, 0o755),
        Folder(layout.cache, 0o700, BUILD_USER if as_root else None),
    ]
    for name in apps:
        app = layout.app(name)
        found += [
            Folder(app.path, 0o755),
            Folder(app.releases, 0o755),
            Folder(app.instances, 0o711),
            Folder(app.serving, 0o711),
            Folder(app.data, 0o750, app_user(name) if as_root else None),
        ]
    return found


def users(layout: Layout, apps: t.Iterable[str]) -> dict[str, str]:
    """The system users of a host that is run as root, with their home folders."""
    wanted = {BUILD_USER: layout.cache}
    wanted.update((app_user(name), layout.app(name).data) for name in apps)
    return wanted


def missing_users(wanted: t.Iterable[str]) -> list[str]:
    """Which of these users are not there."""
    known = {entry.pw_name for entry in pwd.getpwall()}
    return [name for name in wanted if name not in known]


def kept_uid(home: str) -> int | None:
    """The uid that owns what a removed app has left in its data folder, so that its files are its own again."""
    try:
        with os.scandir(home) as entries:
            for entry in entries:
                return entry.stat(follow_symlinks=False).st_uid or None
    except FileNotFoundError:
        pass
    return None


def make_user(name: str, home: str, run: Run) -> None:
    """Make a system user without a shell.

    :raises UserError: useradd(8) refused
    """
    command = ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", home]
    command += ["--shell", "/usr/sbin/nologin"]
    uid = kept_uid(home)
    if uid is not None:
        command += ["--uid", str(uid)]
    code, _out, error = run([*command, name])
    if code != 0:
        raise UserError("the user %s can not be made: %s" % (name, error.strip()))


def missing_folders(wanted: t.Iterable[Folder], absent_users: t.Collection[str]) -> list[Folder]:
    """Which folders are missing or not as they should be; what belongs to a user still to be made is one of them."""
    return [
        folder
        for folder in wanted
        if folder.user in absent_users or folder_differs(folder.path, folder.mode, folder.user, folder.user)
    ]


def make(folder: Folder) -> None:
    """Make or correct one folder."""
    make_folder(folder.path, folder.mode, folder.user, folder.user)
