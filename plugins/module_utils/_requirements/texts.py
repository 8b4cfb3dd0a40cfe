# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of an app's folder that say what it needs, as they are read."""

from __future__ import annotations

import os

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.app_files import (
    MIB,
    UnreadableError,
    read_app_text,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import FileReport, is_unprintable
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.names import (
    PIPFILE_LOCK,
    POETRY_LOCK,
    PYLOCK,
    UV_LOCK,
)

SHARED = "../"
"""Begins the name of a file beside the app's folder."""

_LARGEST = MIB
_LARGEST_LOCK = 8 * MIB
_LOCKS = (UV_LOCK, PYLOCK, POETRY_LOCK, PIPFILE_LOCK)


class Texts:
    """The texts of one app, as they are found; what is wrong goes into the report.

    :param apps: the folder that holds this app and others, whose files it may share as ``../name``; None for none
    :ivar read_files: what was read, relative to the folder
    """

    def __init__(self, folder: str, report: FileReport, apps: str | None = None) -> None:
        self.read_files: set[str] = set()
        self.apps = apps
        self._folder = folder
        self._report = report

    def report(self, relative: str) -> FileReport:
        """The report about one of the files."""
        return self._report.beside(os.path.join(*self._place(relative)))

    def _place(self, relative: str) -> tuple[str, str]:
        """The folder that a file may not lead out of, and its path in that."""
        if self.apps is not None and relative.startswith(SHARED):
            return self.apps, relative[len(SHARED) :]
        return self._folder, relative

    def exists(self, relative: str) -> bool:
        return os.path.lexists(os.path.join(self._folder, relative))

    def read(self, relative: str) -> str | None:
        """A text; None (and an error) where it cannot be taken."""
        root, path = self._place(relative)
        longest = _LARGEST_LOCK if relative in _LOCKS else _LARGEST
        try:
            text = read_app_text(root, os.path.join(root, path), longest)
        except FileNotFoundError:
            self.report(relative).error("", "does not exist")
            return None
        except UnreadableError as error:
            self.report(relative).error("", str(error))
            return None
        if any(is_unprintable(character) for character in set(text) - set("\t\r\n")):
            self.report(relative).error("", "holds control characters")
            return None
        self.read_files.add(relative)
        return text
