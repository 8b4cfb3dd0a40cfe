# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An app's folder as its process sees it while a person works on it in a container.

The folder that is mounted is a person's own: the app must not write to it, and it has neither the generated
configuration nor the links into ``data/``. So the process runs in a folder of links: to everything that is mounted, and
to those few things as the release has them.
"""

from __future__ import annotations

import os
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.untrusted_files import folder_at, folder_below
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.registry import made_paths


def make_view(source: str, code: str, view: str, data_paths: t.Sequence[str]) -> None:
    """Make the folder of links.

    :param source: the mounted folder of the app
    :param code: the code of the release whose place it takes
    :param view: the folder to make; there is none yet
    :param data_paths: ``[data] paths`` of the app, relative
    :raises OSError: a folder cannot be read, or a link not be made
    """
    kept = [*data_paths, *made_paths()]
    os.makedirs(view)
    with folder_at(source) as top:
        _link(top, source, view, [path.split("/") for path in kept])
    for path in kept:
        if os.path.lexists(os.path.join(code, path)):
            link = os.path.join(view, path)
            os.makedirs(os.path.dirname(link), exist_ok=True)
            os.symlink(os.path.join(code, path), link)


def _link(folder: int, source: str, view: str, kept: t.Sequence[t.Sequence[str]]) -> None:
    """Link what is in a folder.

    :param folder: its descriptor; who works in it may exchange anything meanwhile
    :param source: its path
    :param kept: what comes from elsewhere; the folders above it are of the view's own, so nothing is made behind a link
    """
    for name in sorted(os.listdir(folder)):
        entry, link = os.path.join(source, name), os.path.join(view, name)
        below = [path[1:] for path in kept if path[0] == name]
        if not below:
            os.symlink(entry, link)
        elif [] not in below:
            os.mkdir(link)
            with folder_below(folder, name) as inner:
                _link(inner, entry, link, below)
