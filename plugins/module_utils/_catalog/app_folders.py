# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the apps below a folder, and tells what else lies there."""

from __future__ import annotations

import os
import re
import unicodedata

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.app_files import SETUP
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import Report, is_unprintable
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.tables import tables

_SILENT = frozenset(("__pycache__", "lost+found"))
_BAD_PATH = "has a control character, or one that is not UTF-8, in its path: rename it"


def slug(folder_name: str) -> str:
    """The name that a folder's name gives: ``My App`` is ``my_app``; "" where no letter or digit is left."""
    plain = unicodedata.normalize("NFKD", folder_name.casefold())
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    return re.sub(r"[^a-z0-9-]+", "_", plain).strip("_-")


def title_of(folder_name: str) -> str:
    """The title that a folder's name gives: ``app_1`` is ``App 1``."""
    words = re.sub(r"[\s_-]+", " ", folder_name).split()
    return " ".join(word[0].upper() + word[1:] for word in words) or folder_name


def app_folders(path: str, report: Report) -> list[str]:
    """The folders that hold an app: ``path`` itself when it has a setup.toml, otherwise those in it, sorted.

    Files and other folders get a notice; hidden ones are passed over.
    """
    if not os.path.isdir(path):
        message = "is not a folder" if os.path.lexists(path) else "does not exist"
        report.about(path).error("", message + ": give the folder that holds the apps, or one app's folder")
        return []
    if any(is_unprintable(character) for character in path):
        report.about(path).error("", _BAD_PATH)
        return []
    if os.path.lexists(os.path.join(path, SETUP)):
        return [path]
    try:
        names = sorted(os.listdir(path))
    except OSError as error:
        report.about(path).error("", "cannot be read (%s)" % error.strerror)
        return []
    folders = [
        os.path.join(path, name)
        for name in names
        if not name.startswith(".") and name not in _SILENT and _is_app(os.path.join(path, name), report)
    ]
    if not folders and not report.problems:
        report.about(path).notice("holds no app: an app is a folder with a file %s" % SETUP)
    return folders


def _is_app(folder: str, report: Report) -> bool:
    about = report.about(folder)
    if not os.path.isdir(folder):
        about.notice("is ignored: it is not a folder")
        return False
    if any(is_unprintable(character) for character in folder):
        about.error("", _BAD_PATH)
        return False
    if os.path.lexists(os.path.join(folder, SETUP)):
        return True
    guesses = [guess for guess in (table.looks_like(folder) for table in tables()) if guess]
    about.notice(guesses[0] if guesses else "is ignored: it has no %s" % SETUP)
    return False
