# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a catalog, told so that a person can mend it."""

from __future__ import annotations

import datetime
import json
import math
import unicodedata
from dataclasses import dataclass, field

_LONGEST_SHOWN = 80
# Letters, marks and a braille pattern that show nothing; the two selectors for emoji (FE0E, FE0F) are none of them.
_INVISIBLE = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
    + "".join(map(chr, [*range(0xFE00, 0xFE0E), *range(0xE0100, 0xE01F0)]))
)
_BIDIRECTIONAL = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def is_unprintable(character: str) -> bool:
    """Whether a character could change how the text around it is read: controls, line ends, text direction."""
    return unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") or character in _BIDIRECTIONAL


def printable(text: str) -> str:
    """The text in one line, with everything escaped that a terminal obeys or a person cannot see.

    Whatever an app has said goes through here on its way to people.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(char.encode("unicode_escape").decode() if _is_hidden(char) else char for char in text)


def printable_lines(text: str) -> list[str]:
    """The lines of a text of ours, each as :func:`printable`."""
    return [printable(line) for line in text.split("\n")]


def _is_hidden(character: str) -> bool:
    """Controls, marks without width, blanks that are letters, and what no font has."""
    if character.isprintable():
        return character in _INVISIBLE
    return unicodedata.category(character) != "Zs"


def type_of(value: object) -> str:
    """A TOML value's type in words."""
    names: tuple[tuple[type, str], ...] = (
        (bool, "a boolean"),
        (int, "an integer"),
        (float, "a float"),
        (str, "a string"),
        (list, "an array"),
        (dict, "a table"),
        (datetime.date, "a date"),
        (datetime.time, "a time"),
    )
    return next((name for kind, name in names if isinstance(value, kind)), "an unknown type")


def show(value: object) -> str:
    """A TOML value as it would be written, short and in one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        # str() refuses integers of more than 4300 digits, which TOML's hexadecimal form can hold.
        return str(value) if abs(value) < 10**20 else "a very large integer"
    if isinstance(value, float) and math.isfinite(value):
        return repr(value)
    if isinstance(value, str):
        cut = value if len(value) <= _LONGEST_SHOWN else value[:_LONGEST_SHOWN] + "..."
        return printable(json.dumps(cut, ensure_ascii=False))
    return type_of(value)


@dataclass(frozen=True)
class Problem:
    """One error of a catalog.

    ``message`` says what is wrong and what to do; ``found`` and ``allowed`` may be empty where they say nothing.
    """

    file: str
    key: str
    message: str
    found: str = ""
    allowed: str = ""

    def as_line(self) -> str:
        details = []
        if self.found:
            details.append("found: " + self.found)
        if self.allowed:
            details.append("allowed: " + self.allowed)
        place = self.file + ": " + (self.key + ": " if self.key else "")
        return place + self.message + (" (" + "; ".join(details) + ")" if details else "")

    def as_dict(self) -> dict[str, str]:
        return {
            "file": self.file,
            "key": self.key,
            "message": self.message,
            "found": self.found,
            "allowed": self.allowed,
        }


@dataclass
class Report:
    """What is said about all files of a catalog: problems stop the run, notices do not."""

    problems: list[Problem] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def about(self, path: str) -> FileReport:
        return FileReport(self, printable(path))


class FileReport:
    """A :class:`Report` that already knows which file is spoken of."""

    def __init__(self, report: Report, file: str) -> None:
        self.file = file
        self._report = report
        self._before = len(report.problems)

    @property
    def failed(self) -> bool:
        """Whether anything was found wrong since this object was made."""
        return len(self._report.problems) > self._before

    def error(self, key: str, message: str, found: str = "", allowed: str = "") -> None:
        self._report.problems.append(Problem(self.file, printable(key), message, found, allowed))

    def notice(self, text: str) -> None:
        self._report.notices.append("%s: %s" % (self.file, text))

    def beside(self, path: str) -> FileReport:
        """The same report, about another file."""
        return self._report.about(path)
