# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything of ours that a host has when no app, front or supervisor is left."""

from __future__ import annotations

import contextlib
import os
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.caddy.user import caddy_user
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import force_remove
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._host import users as _host_users


def find_paths(layout: Layout, keep_apps: bool) -> list[str]:
    """The folders and files that are ours, and there.

    :param keep_apps: whether the apps' folder stays, because data folders in it do
    """
    wanted = [layout.command, layout.etc, layout.run, layout.log]
    if keep_apps:
        with contextlib.suppress(FileNotFoundError):
            wanted += [
                os.path.join(layout.srv, name)
                for name in sorted(os.listdir(layout.srv))
                if os.path.join(layout.srv, name) != layout.apps
            ]
    else:
        wanted.append(layout.srv)
    return [path for path in wanted if os.path.lexists(path)]


def find_users(layout: Layout) -> list[_host_users.Wanted]:
    """Users of ours that belong to no app; none without root."""
    if os.geteuid() != 0:
        return []
    return [user for user in (_host_users.builder(layout), caddy_user(layout)) if _host_users.is_ours(user)]


def remove(layout: Layout, paths: t.Iterable[str], users: t.Iterable[_host_users.Wanted], run: _host_users.Run) -> None:
    """Delete paths and users, and the folders above that are empty then.

    :raises OSError: a path cannot be deleted
    :raises UserError: a user cannot be
    """
    for path in paths:
        force_remove(path)
        _remove_empty_parents(os.path.dirname(path), layout.root)
    for user in users:
        _host_users.remove_idle(user, run)


def _remove_empty_parents(path: str, root: str) -> None:
    """On a host (root `/`) only what is ours is removed; elsewhere the whole tree hangs below our root."""
    if root == "/":
        return
    with contextlib.suppress(OSError):
        while path.startswith(root):
            os.rmdir(path)
            path = os.path.dirname(path)
