# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an import comes to: what is written, and what is said of every part."""

from __future__ import annotations

import os
import re
import typing as t
from dataclasses import dataclass, field

from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.secrets_files import DOTENV
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.app_files import MIB
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import diff_entry, read_bytes
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import printable
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.untrusted_files import folder_at, open_file
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit.kind import SECRETS

TAKEN, CHANGED, LEFT, YOURS = "taken", "changed", "left", "yours"

_LARGEST_SHOWN = 64 * 1024
_MOST_ALIKE = 20
_SECRET_NAME = re.compile(
    r"secret|token|passw|pwd|credential|private|auth|dsn|cookie|(?:^|_)(?:api_?)?key(?:$|_)", re.I
)
_SECRET_VALUE = re.compile(r"://[^/\s]*:[^/\s]*@")


@dataclass(frozen=True)
class Row:
    """One line of the report: what, what became of it (taken, changed, left, yours), and why."""

    what: str
    became: str
    why: str = ""

    def as_line(self) -> str:
        return "%s: %s" % (printable(self.what), self.became) + (" (%s)" % self.why if self.why else "")


@dataclass
class Plan:
    """What an import comes to.

    :param apps: folders of the apps that are taken
    :param with_secrets: their files of secrets: folder and path in it
    :param write: content and mode by path, of what is not there yet
    """

    apps: list[str] = field(default_factory=list)
    with_secrets: list[tuple[str, str]] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    write: dict[str, tuple[bytes, int]] = field(default_factory=dict)

    def say(self, what: str, became: str, why: str = "") -> None:
        self.rows.append(Row(what, became, why))

    def leave_lines(self, file: str, numbers: t.Sequence[int], why: str) -> None:
        """Name lines of a file that are left for one reason, few enough to be read."""
        shown = ", ".join(map(str, numbers[:_MOST_ALIKE]))
        more = len(numbers) - _MOST_ALIKE
        word = "line" if len(numbers) == 1 else "lines"
        self.say("%s: %s %s" % (file, word, shown + (" and %d more" % more if more > 0 else "")), LEFT, why)

    def want(self, path: str, content: bytes, mode: int) -> None:
        """Write a file, unless there is one already; one that differs is somebody's work, and stays."""
        there = read_bytes(path)
        if there is None:
            self.write[path] = (content, mode)
        elif there != content:
            self.say(path, YOURS, "it differs and stays; delete it to have it imported again")

    def diff(self) -> list[dict[str, t.Any]]:
        """The new files, without the content of what may be secret, large or no text."""
        return [diff_entry(path, None, _shown(path, content)) for path, (content, _mode) in sorted(self.write.items())]


def _shown(path: str, content: bytes) -> str:
    if path.endswith((os.sep + DOTENV, os.sep + SECRETS)):
        return "(not shown)\n"
    try:
        return content.decode("utf-8") if len(content) <= _LARGEST_SHOWN else "(%d bytes)\n" % len(content)
    except UnicodeDecodeError:
        return "(%d bytes)\n" % len(content)


def text_of(folder: str, name: str) -> str | None:
    """The text of a file of a repository that is not trusted: a link is none, wherever it leads.

    :param name: path below the folder
    """
    try:
        with folder_at(folder) as top, open_file(top, name) as file:
            return file.read(MIB).decode("utf-8", "replace")
    except OSError:
        return None


def is_secret(name: str, value: str) -> bool:
    """Whether a variable may be a secret, by its name or by what stands in it; in doubt it is one."""
    return bool(_SECRET_NAME.search(name) or _SECRET_VALUE.search(value))
