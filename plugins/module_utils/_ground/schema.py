# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small language to declare a configuration file, and its validator.

What is declared drives validation, defaults, the JSON Schema and the reference page, so they cannot disagree.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import (
    FileReport,
    is_unprintable,
    show,
    type_of,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.suggest import nearest

_MOST_UNKNOWN = 20  # of one table are told one by one


@dataclass(frozen=True)
class Key:
    """One key of the file.

    ``kind`` is ``string``, ``integer``, ``boolean``, ``strings`` (an array of them), ``table`` (with ``keys``) or
    ``map`` (a table whose names are free but for its ``keys``; ``values`` are the JSON types of its values, if fixed).
    A key without a ``default`` is None when it is not given; ``default_in_words`` says what happens then. ``pattern``
    matches whole strings (of a map: its names) and is written so that Python and ECMAScript (JSON Schema) read it
    alike; ``allowed`` says it in words.
    """

    name: str
    kind: str
    about: str
    required: bool = False
    default: t.Any = None
    default_in_words: str = ""
    allowed: str = ""
    pattern: str = ""
    longest: int = 0
    minimum: int = 0
    maximum: int = 0
    excluded: tuple[int, int] | None = None
    keys: tuple[Key, ...] = ()
    values: tuple[str, ...] = ()
    example: t.Any = None


def read_table(
    table: Key, document: dict[str, t.Any], report: FileReport, path: str = "", root: Key | None = None
) -> dict[str, t.Any]:
    """The document with exactly the declared keys: defaults filled in, and None where a value was refused.

    :param path: dotted name of the table itself, empty for the whole file
    :param root: the whole file's declaration, for keys that stand in the wrong table; by default ``table``
    """
    root = root or table
    result: dict[str, t.Any] = {}
    if table.kind == "map":
        result.update(document)
    else:
        _tell_unknown(table, document, report, path, root)
    for key in table.keys:
        name = _dotted(path, key.name)
        if key.name in document:
            result[key.name] = _read_value(key, document[key.name], report, name, root)
        elif key.kind in ("table", "map"):
            result[key.name] = read_table(key, {}, report, name, root)
        else:
            result[key.name] = key.default
            if key.required:
                report.error(name, "is missing: %s" % _how_to_write(key, path), allowed=allowed_in_words(key))
    return result


def allowed_in_words(key: Key) -> str:
    """What a key takes, for errors and the reference page."""
    if key.allowed:
        return key.allowed
    if key.kind == "integer":
        return "an integer from %d to %d" % (key.minimum, key.maximum) + (
            " but not from %d to %d" % key.excluded if key.excluded else ""
        )
    if key.kind == "string" and key.longest:
        return "text of 1 to %d characters, in one line" % key.longest
    return {"boolean": "true or false", "strings": "an array of strings", "table": "a table"}.get(key.kind, key.kind)


def _how_to_write(key: Key, path: str) -> str:
    line = "%s = %s" % (key.name, show(key.example))
    return "write [%s] with %s" % (path, line) if path else "write " + line


def _dotted(path: str, name: str) -> str:
    return path + "." + name if path else name


def _tell_unknown(table: Key, document: dict[str, t.Any], report: FileReport, path: str, root: Key) -> None:
    valid = [key.name for key in table.keys]
    unknown = sorted(set(document) - set(valid))
    for name in unknown[:_MOST_UNKNOWN]:
        guess = nearest(name, valid)
        meant = _dotted(path, guess) if guess else _meant_elsewhere(name, root)
        hint = "did you mean %s?" % meant if meant else "remove it"
        message = _elsewhere(name, root) or "is not a key of this file: " + hint
        report.error(
            _dotted(path, name[:80]),
            message,
            found=type_of(document[name]),  # not the value: a key we do not know may hold a secret
            allowed=", ".join(valid),
        )
    if len(unknown) > _MOST_UNKNOWN:
        report.error(path, "has %d more unknown keys" % (len(unknown) - _MOST_UNKNOWN), allowed=", ".join(valid))


def _elsewhere(name: str, root: Key) -> str:
    """Where a key belongs that stands in the wrong table; empty when it belongs to none, or to several."""
    tables = _keys_of_file(root).get(name, [])
    if "" in tables:
        return "stands in the wrong table: move it to the top of the file, before the first [table]"
    return "stands in the wrong place: move it below [%s]" % tables[0] if len(tables) == 1 else ""


def _meant_elsewhere(name: str, root: Key) -> str:
    """The nearest keys of the whole file, where the table that a misspelt key stands in has none."""
    keys = _keys_of_file(root)
    guess = nearest(name, keys)
    return " or ".join(_dotted(table, guess) for table in keys[guess]) if guess else ""


def _keys_of_file(root: Key) -> dict[str, list[str]]:
    """The tables that have a key, by its name; of those at the top of the file it is the empty name."""
    found: dict[str, list[str]] = {}
    for outer in root.keys:
        if outer.kind == "table":
            for key in outer.keys:
                found.setdefault(key.name, []).append(outer.name)
        elif outer.kind != "map":
            found.setdefault(outer.name, []).append("")
    return found


def _read_value(key: Key, value: t.Any, report: FileReport, name: str, root: Key) -> t.Any:
    if key.kind in ("table", "map"):
        if not isinstance(value, dict):
            report.error(name, "must be a table: write [%s]" % name, found=type_of(value), allowed="a table")
            value = {}
        return read_table(key, value, report, name, root)
    fault = _fault(key, value)
    if fault:
        report.error(name, fault, found=_found(key, value), allowed=allowed_in_words(key))
        return None
    return value


def _found(key: Key, value: t.Any) -> str:
    if key.kind == "strings" and isinstance(value, list):
        wrong = [item for item in value if not isinstance(item, str) or _string_fault(key, item)]
        return show(wrong[0]) if wrong else show(value)
    return show(value)


def _fault(key: Key, value: t.Any) -> str:
    """What is wrong with a plain value, or an empty text."""
    if key.kind == "boolean":
        return "" if isinstance(value, bool) else "must be true or false" + _unquoted(value)
    if key.kind == "integer":
        return _integer_fault(key, value)
    if key.kind == "strings":
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            return "must be an array of strings"
        return next(filter(None, (_string_fault(key, item) for item in value)), "")
    return _string_fault(key, value) if isinstance(value, str) else "must be a string, in quotes"


def _unquoted(value: t.Any) -> str:
    return ", without quotes" if isinstance(value, str) else ""


def _integer_fault(key: Key, value: t.Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int):
        return "must be an integer" + _unquoted(value)
    if not key.minimum <= value <= key.maximum:
        return "is out of range"
    if key.excluded and key.excluded[0] <= value <= key.excluded[1]:
        return "is in a range that is not allowed"
    return ""


def _string_fault(key: Key, value: str) -> str:
    if any(is_unprintable(character) for character in value):
        return "holds a control character"
    if key.longest and len(value) > key.longest:
        return "is longer than %d characters" % key.longest
    if key.pattern and not re.fullmatch(key.pattern, value):
        return "has the wrong form"
    if not key.pattern and not value.strip():
        return "is empty"
    return ""
