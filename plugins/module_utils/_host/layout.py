# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders of a host.

Everything above an app's ``data/`` is root's. Root never works below ``data/``: what is in there belongs to the app,
which could have planted a link. Without root everything is the user's own, and nobody else may enter it.
"""

from __future__ import annotations

import grp
import pwd
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import trusted_path as _trusted_path
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import folder_differs, make_folder
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import BUILD_USER, Layout, app_user
from ansible_collections.selfhost.pyapps.plugins.module_utils._host import kept_data as _kept_data

_READERS_OF_LOGS = "adm"
"""The group that reads logs on Debian."""


class Folder(t.NamedTuple):
    """A folder that must be there.

    :param user: whose it is, and whose group it has; None for who runs this
    :param group: another group
    """

    path: str
    mode: int
    user: str | None = None
    group: str | None = None


def top_folders(layout: Layout, as_root: bool) -> list[Folder]:
    """The folders that hold everything of ours; they alone decide who gets at it without root."""
    mode = 0o755 if as_root else 0o700
    return [*(Folder(path, mode) for path in (layout.etc, layout.srv, layout.run)), log_folder(layout, as_root)]


def strangers(layout: Layout) -> list[str]:
    """Why our folders cannot be where they are to be: somebody else could exchange them."""
    paths = (layout.root, layout.etc, layout.srv, layout.run, layout.log)
    return [
        "pyapps_root: %s. Remove it, give it to root or to who runs this, or choose another folder (of `make demo`: "
        "DEMO_DIR)." % fault
        for fault in dict.fromkeys(fault for path in paths for fault in _trusted_path.faults(path))
    ]


def log_folder(layout: Layout, as_root: bool) -> Folder:
    """The folder of all logs. An app needs none, its own neither: it writes into a pipe of supervisord's.

    The folder closes what is in it, whoever has made that with whatever mode.
    """
    if not as_root:
        return Folder(layout.log, 0o700)
    return Folder(layout.log, 0o750, group=_READERS_OF_LOGS if readers_of_logs() is not None else None)


def readers_of_logs() -> int | None:
    """The id of the group that may read logs; None where there is none."""
    try:
        return grp.getgrnam(_READERS_OF_LOGS).gr_gid
    except KeyError:
        return None


def folders(layout: Layout, apps: t.Iterable[str], as_root: bool) -> list[Folder]:
    """Every folder of the layout, parents first."""
    found = [
        *top_folders(layout, as_root),
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


def missing_folders(wanted: t.Iterable[Folder], absent_users: t.Collection[str]) -> list[Folder]:
    """Which folders are missing or not as they should be; what belongs to a user still to be made is one of them."""
    return [
        folder
        for folder in wanted
        if folder.user in absent_users
        or folder_differs(folder.path, folder.mode, folder.user, folder.group or folder.user)
    ]


def make(folder: Folder) -> None:
    """Make or correct one folder. What is in a user's folder becomes its own, if it was another uid's before."""
    if folder.user is not None:
        entry, former = pwd.getpwnam(folder.user), _kept_data.former_uid(folder.path)
        if former not in (None, entry.pw_uid):
            _kept_data.hand_over(folder.path, former, entry.pw_uid, entry.pw_gid)
    make_folder(folder.path, folder.mode, folder.user, folder.group or folder.user)
