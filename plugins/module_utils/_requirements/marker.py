# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Environment markers: the condition behind the ``;`` of a requirement, and the same in a ``uv.lock``. Pure.

What is taken is written anew, from words of a closed list and texts of harmless characters, so that it means one thing
wherever it stands. Everything is linear in the length of the text.
"""

from __future__ import annotations

import re
import typing as t

_DEEPEST = 16
_LONGEST = 8000  # one of a uv.lock with many platforms has had 2000
_VARIABLES = {
    *("python_version", "python_full_version", "os_name", "sys_platform", "platform_release", "platform_system"),
    *("platform_version", "platform_machine", "platform_python_implementation", "implementation_name"),
    *("implementation_version", "extra"),
    # spellings from before PEP 508, which uv and pip still take
    *("os.name", "sys.platform", "platform.version", "platform.machine", "platform.python_implementation"),
    "python_implementation",
}
# No quote, backslash, "$" or "#", and no word that begins as an option does: however a line is cut, it stays a text.
_WORD = "[A-Za-z0-9_.,+*!~][A-Za-z0-9_.,+*!~-]*"
_TOKEN = re.compile(
    r"[ \t]*(?:'(?P<single>(?:%(word)s(?: %(word)s)*)?)'|\"(?P<double>(?:%(word)s(?: %(word)s)*)?)\""
    r"|(?P<operator>==|!=|~=|<=|>=|<|>)|(?P<bracket>[()])|(?P<name>[a-z_.]+))[ \t]*" % {"word": _WORD}
)


class MarkerError(Exception):
    """It is no marker that we take; the text completes "its condition ..."."""


def normal_marker(text: str) -> str:
    """A marker in its one form: single quotes, single blanks.

    :raises MarkerError: it is none, or not understood
    """
    if len(text) > _LONGEST:
        raise MarkerError("is longer than %d characters" % _LONGEST)
    reader = _Reader(_tokens(text))
    reader.read()
    return " ".join(reader.words).replace("( ", "(").replace(" )", ")")


def _tokens(text: str) -> t.Iterator[tuple[str, str]]:
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise MarkerError("is not understood from character %d on" % (position + 1))
        kind = str(match.lastgroup)
        yield ("text" if kind in ("single", "double") else kind), match[kind]
        position = match.end()


class _Reader:
    """Reads comparisons with ``and``, ``or`` and brackets, without recursion.

    :ivar words: what it has read, as it is written
    """

    def __init__(self, tokens: t.Iterator[tuple[str, str]]) -> None:
        self.words: list[str] = []
        self._tokens = tokens

    def read(self) -> None:
        depth = 0
        kind, word = self._next()
        while True:
            while word == "(":
                depth += 1
                self.words.append(word)
                kind, word = self._next()
            if depth > _DEEPEST:
                raise MarkerError("is nested deeper than %d levels" % _DEEPEST)
            self._comparison(kind, word)
            kind, word = next(self._tokens, ("end", ""))
            while word == ")":
                depth -= 1
                self.words.append(word)
                kind, word = next(self._tokens, ("end", ""))
            if depth < 0 or (kind == "end" and depth):
                raise MarkerError("has a bracket without its partner")
            if kind == "end":
                return
            if word not in ("and", "or") or kind != "name":
                raise MarkerError('wants "and" or "or" between two comparisons')
            self.words.append(word)
            kind, word = self._next()

    def _comparison(self, kind: str, word: str) -> None:
        left = self._value(kind, word)
        self._operator(*self._next())
        if self._value(*self._next()) == left:
            raise MarkerError("compares a variable with a text in quotes, nothing else")

    def _value(self, kind: str, word: str) -> str:
        if kind == "text":
            self.words.append("'%s'" % word)
        elif kind == "name" and word in _VARIABLES:
            self.words.append(word)
        else:
            raise MarkerError("names no variable that is known")
        return kind

    def _operator(self, kind: str, word: str) -> None:
        self.words.append(word)
        if (kind, word) == ("name", "not"):
            kind, word = self._next()
            self.words.append(word)
            if (kind, word) != ("name", "in"):
                raise MarkerError('has a "not" without "in"')
        elif kind != "operator" and (kind, word) != ("name", "in"):
            raise MarkerError("has no comparison behind its first word")

    def _next(self) -> tuple[str, str]:
        for token in self._tokens:
            return token
        raise MarkerError("ends too early")
