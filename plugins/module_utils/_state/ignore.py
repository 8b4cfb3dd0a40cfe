# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files of an app's folder never leave the controller.

Some names are always left out (:func:`always_left_out`); further ones are named by the app's ``.pyappsignore``, one
pattern per line, in the manner of ``.gitignore``:

- empty lines, and lines that begin with ``#``, say nothing;
- a pattern without a slash, or with one only at its end, fits a name in every folder: ``*.csv``, ``drafts/``;
- any other slash ties the pattern to the app's folder: ``/notes.md``, ``docs/*.pdf``;
- ``*``, ``?`` and ``[...]`` never cross a slash; a part ``**`` fits any number of folders, also none;
- a slash at the end fits folders only; what is left out with a folder cannot be taken back;
- ``!`` in front takes back what an earlier line has left out; the last line that fits decides.

A backslash means nothing special: a name that begins with ``#`` is written ``[#]...``, one with ``!`` as ``?...``.
"""

from __future__ import annotations

import fnmatch
import re
import typing as t
from dataclasses import dataclass

from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.registry import kinds

IGNORE_FILE = ".pyappsignore"

_MOST_PATTERNS = 500  # each is tried for each file
_LONGEST_PATTERN = 200

_ALWAYS_LEFT_OUT = (
    # version control, environments, caches, what desktops and editors leave behind
    *(".git", ".hg", ".svn", ".venv", "venv/", "node_modules/", "__pycache__/", "*.pyc", ".ipynb_checkpoints/"),
    *(".mypy_cache/", ".ruff_cache/", ".pytest_cache/", ".hypothesis/", ".tox/", ".nox/", ".cache/"),
    *(".DS_Store", "Thumbs.db", "*.swp", "*~", ".idea/", ".vscode/"),
    # secrets: they reach a release in another way
    *(".env", ".env.*"),
    # what is for us: the catalog carries the settings, so that a new title makes no new release
    *("/setup.toml", "/" + IGNORE_FILE),
)


def always_left_out() -> list[str]:
    """Patterns of what no app sends: among them the secrets that a kind reads, and what it generates."""
    secrets = ["**/" + kind.secrets_file for kind in kinds() if kind.secrets_file]
    # What is merged into the files that a release gets.
    generated = ["/" + path for kind in kinds() for path in kind.generated]
    return [*_ALWAYS_LEFT_OUT, *secrets, *generated]


class IgnoreError(Exception):
    """An ignore file that would take too long to apply; the text says what is too much."""


@dataclass(frozen=True)
class Pattern:
    """One line of an ignore file.

    :ivar parts: what fits each name of a path; None, a ``**``, fits any number of them
    """

    parts: tuple[re.Pattern[str] | None, ...]
    anchored: bool
    folders_only: bool
    takes_back: bool

    def fits(self, parts: t.Sequence[str], is_folder: bool) -> bool:
        if self.folders_only and not is_folder:
            return False
        if self.anchored:
            return self._fits_whole(parts)
        return self.parts[0] is None or self.parts[0].match(parts[-1]) is not None

    def _fits_whole(self, parts: t.Sequence[str]) -> bool:
        """Whether a path fits: goes through it once, with every place of the pattern that it may have reached."""
        places = self._and_behind_any({0})
        for part in parts:
            reached = set()
            for place in places - {len(self.parts)}:
                pattern = self.parts[place]
                if pattern is None:
                    reached.add(place)
                elif pattern.match(part):
                    reached.add(place + 1)
            places = self._and_behind_any(reached)
        return len(self.parts) in places

    def _and_behind_any(self, places: set[int]) -> set[int]:
        """The places, and those that follow them when a ``**`` fits nothing."""
        found = set()
        for place in places:
            while place not in found:
                found.add(place)
                if place < len(self.parts) and self.parts[place] is None:
                    place += 1
        return found


def parse_pattern(line: str) -> Pattern | None:
    """One line of an ignore file, or None when it says nothing.

    :raises IgnoreError: it is too long
    """
    text = line.strip()
    if not text or text.startswith("#"):
        return None
    if len(text) > _LONGEST_PATTERN:
        raise IgnoreError("has a line of more than %d characters" % _LONGEST_PATTERN)
    takes_back = text.startswith("!")
    if takes_back:
        text = text[1:]
    folders_only = text.endswith("/")
    body = text.rstrip("/")
    parts = tuple(part for part in body.split("/") if part)
    if not parts:
        return None
    return Pattern(tuple(map(_compiled, parts)), "/" in body, folders_only, takes_back)


def _compiled(part: str) -> re.Pattern[str] | None:
    return None if part == "**" else re.compile(fnmatch.translate(part))


class IgnoreRules:
    """The names that are always left out, and an app's own patterns.

    :param text: the text of the app's ``.pyappsignore``
    :raises IgnoreError: it is too long
    """

    def __init__(self, text: str = "") -> None:
        self._always = [pattern for pattern in map(parse_pattern, always_left_out()) if pattern]
        self._own = [pattern for pattern in map(parse_pattern, text.splitlines()) if pattern]
        if len(self._own) > _MOST_PATTERNS:
            raise IgnoreError("has more than %d patterns: leave out whole folders" % _MOST_PATTERNS)

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
