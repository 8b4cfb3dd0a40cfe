# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module tells while it works.

Ansible shows a module's output when it has ended. So a module that takes long writes lines into a file of the target,
and its action plugin reads along (``plugin_utils/_progress.py``). A run that has nothing to do writes nothing.
"""

from __future__ import annotations

import os
import threading

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import files as _files
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout


def progress_path(layout: Layout, step: str) -> str:
    """Where a step tells what it is doing."""
    return os.path.join(layout.run, step + ".progress")


class Progress:
    """The lines of one run of a module.

    :param path: the file, in a folder that is missing or that only the caller can write
    :param token: the file's first line, by which the reader knows this run; None when nobody reads along
    :ivar lines: everything that was said
    """

    def __init__(self, path: str, token: str | None) -> None:
        self._path = path
        self._token = token
        self._turn = threading.Lock()
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        """Tell one line; from any thread."""
        with self._turn:
            if self._token is not None:
                if not self.lines:
                    _files.write_file(self._path, self._token + "\n")
                with open(self._path, "a", encoding="utf-8") as file:
                    file.write(line.replace("\n", " ") + "\n")
            self.lines.append(line)

    def close(self) -> None:
        """Nothing more comes; the file goes away."""
        if self._token is not None and self.lines and os.path.exists(self._path):
            os.unlink(self._path)
