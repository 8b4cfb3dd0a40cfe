# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder of a new app that says hello."""

from __future__ import annotations

import json
import os
import re

from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.app_folders import slug, title_of
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.setup_toml import NAME, NAME_IN_WORDS
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.app_files import SETUP
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import make_folder, part_path, write_file
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import is_unprintable, show
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.tables import tables

EVERYTHING = "everything"
"""What playbooks/remove.yml takes for all apps."""


def problems(apps: str, name: str, title: str) -> list[str]:
    """Why an app of this name cannot be made in a folder of apps."""
    found = []
    if not name:
        found.append("app: nothing is given. Say -e app=NAME.")
    elif not re.fullmatch(NAME, name) or name == EVERYTHING:
        better = slug(name)
        hint = " For example: %s." % better if better != name and re.fullmatch(NAME, better) else ""
        found.append(
            "app: found %s; allowed is a name of %s, and not `%s`.%s" % (show(name), NAME_IN_WORDS, EVERYTHING, hint)
        )
    elif os.path.lexists(os.path.join(apps, name)):
        found.append("app: %s is there already. Choose another name." % os.path.join(apps, name))
    if any(is_unprintable(character) for character in title):
        found.append("title: found %s; it has characters that cannot be shown" % show(title))
    if not os.path.isdir(apps) and (os.path.lexists(apps) or not os.path.isdir(os.path.dirname(apps))):
        found.append("pyapps_apps_dir: %s is no folder. Make it, or say where the apps are." % apps)
    elif os.path.lexists(os.path.join(apps, SETUP)):
        found.append("pyapps_apps_dir: %s is the folder of one app, not of apps." % apps)
    return found


def contents(name: str, title: str) -> dict[str, str]:
    """The files of a new app, which is of the first kind."""
    title = title or title_of(name)
    files = next(iter(tables())).template(name, title)
    return {**files, SETUP: "title = %s\n\n%s" % (json.dumps(title, ensure_ascii=False), files[SETUP])}


def make(apps: str, name: str, title: str) -> None:
    """Make the folder, whole or not at all; before the first app, the folder of apps, too.

    :raises OSError: it cannot be written
    """
    part = part_path(os.path.join(apps, name))
    make_folder(part)
    for file, text in contents(name, title).items():
        write_file(os.path.join(part, file), text)
    os.rename(part, os.path.join(apps, name))
