# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads ``.env`` files, as python-dotenv does but for ``$``, which means nothing special.

``NAME=value`` per line, perhaps with ``export`` in front; comments; values in single quotes (as they are) or double
ones (with escapes), which may go over several lines. Nothing of the file is ever shown, not even a name: a line that
was broken by mistake is a part of a secret.
"""

from __future__ import annotations

import re
import typing as t

VARIABLE = "[A-Za-z_][A-Za-z0-9_]{0,127}"
"""A name of a variable. It is here because a host, too, reads such files, and no setup.toml."""

_NOTHING = re.compile(r"[ \t]*(?:#[^\n]*)?(?:\n|\Z)")
_BINDING = re.compile(
    r"""
    [ \t]*(?:export[ \t]+)?(?P<name>%s)[ \t]*=
    (?:
        [ \t]*'(?P<single>[^']*)'[ \t]*(?:\#[^\n]*)?
      | [ \t]*"(?P<double>(?:\\.|[^"\\])*)"[ \t]*(?:\#[^\n]*)?
      | (?P<plain>(?![ \t]*['"])[^\n]*)
    )
    (?:\n|\Z)
    """
    % VARIABLE,
    re.VERBOSE | re.DOTALL,
)
_SPECIAL = re.compile(r'[\\"\n\r]')
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", '"': '"', "'": "'"}


class DotenvError(Exception):
    """A line that is none of a ``.env`` file; the text names the line, and shows nothing of it."""


def parse_dotenv(text: str) -> dict[str, str]:
    """The variables of a ``.env`` file.

    :raises DotenvError: a line is not ``NAME=value``, or gives a name that an earlier line has given
    """
    text = text.replace("\r\n", "\n")
    values: dict[str, str] = {}
    position = 0
    while position < len(text):
        match = _NOTHING.match(text, position)
        if match is None:
            match = _BINDING.match(text, position)
            if match is None:
                line = _line_of(text, position)
                raise DotenvError("line %d is not NAME=value (a value of several lines needs quotes around it)" % line)
            if match["name"] in values:
                line = _line_of(text, position)
                raise DotenvError("line %d gives a name that an earlier line has given: keep one of them" % line)
            values[match["name"]] = _value(match)
        position = match.end()
    return values


def dotenv_text(values: t.Mapping[str, str]) -> str:
    """A ``.env`` file with these variables, that python-dotenv and :func:`parse_dotenv` read alike."""
    return "".join('%s="%s"\n' % (name, _SPECIAL.sub(_escaped, values[name])) for name in sorted(values))


def _escaped(match: re.Match[str]) -> str:
    return {"\n": "\\n", "\r": "\\r"}.get(match[0], "\\" + match[0])


def _line_of(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def _value(match: re.Match[str]) -> str:
    if match["single"] is not None:
        return match["single"]
    if match["double"] is not None:
        return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[0]), match["double"])
    return re.split(r"[ \t]#", match["plain"], maxsplit=1)[0].strip()
