# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files of an app's folder never leave the controller. PRIVATE to the collection.

Some names are always left out (:data:`ALWAYS_LEFT_OUT`); further ones are named by the app's ``.pyappsignore``, one
pattern per line, in the manner of ``.gitignore``:

- empty lines, and lines that begin with ``#``, say nothing;
- a pattern without a slash, or with one only at its end, fits a name in every folder: ``*.csv``, ``drafts/``;
- any other slash ties the pattern to the app's folder: ``/notes.md``, ``docs/*.pdf``;
- ``*``, ``?`` and ``[...]`` never cross a slash; a part ``**`` fits any number of folders, also none;
- a slash at the end fits folders only; what is left out with a folder can not be taken back;
- ``!`` in front takes back what an earlier line has left out; the last line that fits decides.

A backslash means nothing special: a name that begins with ``#`` is written ``[#]...``, one with ``!`` as ``?...``.
"""

from __future__ import annotations

import fnmatch
import typing as t
from dataclasses import dataclass

IGNORE_FILE = ".pyappsignore"

ALWAYS_LEFT_OUT = (
    # version control, environments, caches, what desktops and editors leave behind
    *(".git", ".hg", ".svn", ".venv", "venv/", "node_modules/", "__pycache__/", "*.pyc", ".ipynb_checkpoints/"),
    *(".mypy_cache/", ".ruff_cache/", ".pytest_cache/", ".hypothesis/", ".tox/", ".nox/", ".cache/"),
    *(".DS_Store", "Thumbs.db", "*.swp", "*~", ".idea/", ".vscode/"),
    # secrets: they reach a release in another way
    *(".env", ".env.*", "**/.streamlit/secrets.toml"),
    # what is for us: the catalog carries the settings, so that a new title makes no new release
    *("/setup.toml", "/" + IGNORE_FILE),
    # is merged into the configuration that a release gets
    "/.streamlit/config.toml",
)


@dataclass(frozen=True)
class Pattern:
    """One line of an ignore file."""

    parts: tuple[str, ...]
    anchored: bool
    folders_only: bool
    takes_back: bool

    def fits(self, parts: t.Sequence[str], is_folder: bool) -> bool:
        if self.folders_only and not is_folder:
            return False
        if self.anchored:
            return _fits(self.parts, parts)
        return fnmatch.fnmatchcase(parts[-1], self.parts[0])


def _fits(pattern: t.Sequence[str], parts: t.Sequence[str]) -> bool:
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(_fits(pattern[1:], parts[start:]) for start in range(len(parts) + 1))
    return bool(parts) and fnmatch.fnmatchcase(parts[0], pattern[0]) and _fits(pattern[1:], parts[1:])


def parse_pattern(line: str) -> Pattern | None:
    """One line of an ignore file, or None when it says nothing."""
    text = line.strip()
    if not text or text.startswith("#"):
        return None
    takes_back = text.startswith("!")
    if takes_back:
        text = text[1:]
    folders_only = text.endswith("/")
    body = text.rstrip("/")
    parts = tuple(part for part in body.split("/") if part)
    if not parts:
        return None
    return Pattern(parts, "/" in body, folders_only, takes_back)


class IgnoreRules:
    """The names that are always left out, and an app's own patterns.

    :param text: the text of the app's ``.pyappsignore``
    """

    def __init__(self, text: str = "") -> None:
        self._always = [pattern for pattern in map(parse_pattern, ALWAYS_LEFT_OUT) if pattern]
        self._own = [pattern for pattern in map(parse_pattern, text.splitlines()) if pattern]

    def leaves_out(self, path: str, is_folder: bool) -> bool:
        """Whether a path, relative to the app's folder and with ``/``, stays on the controller."""
        parts = path.split("/")
        if any(pattern.fits(parts, is_folder) for pattern in self._always):
            return True
        verdict = False
        for pattern in self._own:
            if pattern.fits(parts, is_folder):
                verdict = not pattern.takes_back
        return verdict
