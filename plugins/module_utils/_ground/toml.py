# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads TOML that a stranger wrote: bounded in depth, and every failure is a sentence."""

from __future__ import annotations

import importlib
import re
import typing as t

_DEEPEST = 16
_MOST_TABLES = 100_000
"""Headers of tables, and dots in keys: the parser takes a kilobyte for each. A uv.lock has a few for each package."""

# Strings and comments, closed or not: what is not closed reaches to the end, where the parser will complain.
_STRING_OR_COMMENT = re.compile(
    r'"""(?:\\.|[^\\])*?(?:"{3,5}|\\?\Z)'
    r"|'''.*?(?:'{3,5}|\Z)"
    r'|"(?:\\[^\n]|[^"\\\n])*"?'
    r"|'[^'\n]*'?"
    r"|#[^\n]*",
    re.DOTALL,
)
_HEADER = re.compile(r"^[ \t]*\[", re.MULTILINE)
_NOT_IN_A_KEY = re.compile(r"[,=\[\]{}\n]")


def _find_parser() -> t.Any:
    for name in ("tomllib", "tomli"):  # the second for Python 3.9 and 3.10
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return None


_parser = _find_parser()


class TomlError(Exception):
    """The text is not TOML that we accept; the message says why, in words for a person."""


class TomlMissingError(Exception):
    """This Python cannot read TOML at all; the message says what to install."""


def require_toml() -> None:
    """Fail early where no TOML parser is.

    :raises TomlMissingError: Python is older than 3.11 and has no ``tomli``
    """
    if _parser is None:
        raise TomlMissingError(
            "this Python has no TOML parser: run the task with Python 3.11 or newer"
            " (variable ansible_python_interpreter), or install the package tomli for it"
        )


def parse_toml(text: str) -> dict[str, t.Any]:
    """The document as plain Python values.

    :raises TomlError: not TOML, of too many tables, or nested deeper than 16 levels (there, parsers recurse or take
        minutes)
    :raises TomlMissingError: see :func:`require_toml`
    """
    require_toml()
    structure = _STRING_OR_COMMENT.sub("s", text)
    if _too_deep(structure):
        raise TomlError("arrays, tables or dotted keys are nested deeper than %d levels" % _DEEPEST)
    if len(_HEADER.findall(structure)) + structure.count(".") > _MOST_TABLES:
        raise TomlError("has more than %d tables or dots in keys" % _MOST_TABLES)
    try:
        document: dict[str, t.Any] = _parser.loads(text)
    except (ValueError, RecursionError) as error:  # TOMLDecodeError is a ValueError; so is a too long integer
        raise TomlError("is not valid TOML: %s" % error) from None
    return document


def _too_deep(structure: str) -> bool:
    if any(piece.count(".") >= _DEEPEST for piece in _NOT_IN_A_KEY.split(structure)):
        return True
    depth = 0
    for character in structure:
        if character in "[{":
            depth += 1
            if depth > _DEEPEST:
                return True
        elif character in "]}":
            depth = max(0, depth - 1)
    return False
