# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes TOML from flat, dotted keys. (Python's standard library only reads TOML.)"""

from __future__ import annotations

import json
import re
import typing as t

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def to_toml(values: t.Mapping[str, t.Any]) -> str:
    """A document of tables, sorted: ``{"server.port": 1}`` becomes ``[server]`` and ``port = 1``.

    :param values: strings, booleans, numbers, and lists and dictionaries of them, by dotted key
    :raises TypeError: another type of value
    """
    tables: dict[str, dict[str, t.Any]] = {}
    for key in sorted(values):
        table, _dot, name = key.rpartition(".")
        tables.setdefault(table, {})[name] = values[key]
    blocks = []
    for table in sorted(tables):
        lines = ["[%s]" % ".".join(_key(part) for part in table.split("."))] if table else []
        lines += ["%s = %s" % (_key(name), _value(value)) for name, value in tables[table].items()]
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)


def to_toml_document(values: t.Mapping[str, t.Any]) -> str:
    """A document from nested tables, whose names may hold anything.

    Tables get headers of their own: Streamlit 1.41 reads secrets with the package ``toml``, which fails on some inline
    tables.

    :raises TypeError: a value that has no form in TOML; the text says where, and of which type it is
    """
    return "\n".join(_blocks((), values))


def _blocks(path: tuple[str, ...], table: t.Mapping[str, t.Any]) -> t.Iterator[str]:
    lines, tables = [], []
    for key in table:
        name, value = str(key), table[key]
        if isinstance(value, t.Mapping):
            tables.append((name, value))
            continue
        try:
            lines.append("%s = %s" % (_key(name), _value(value)))
        except TypeError as error:
            raise TypeError("%s: %s" % (".".join((*path, name)), error)) from None
    if lines or (path and not tables):
        header = ["[%s]" % ".".join(map(_key, path))] if path else []
        yield "\n".join(header + lines) + "\n"
    for name, value in tables:
        yield from _blocks((*path, name), value)


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else _string(name)


def _string(text: str) -> str:
    # A JSON string is a TOML string, but for DEL, which TOML wants escaped.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: t.Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, (list, tuple)):
        return "[%s]" % ", ".join(_value(item) for item in value)
    if isinstance(value, t.Mapping):
        return "{%s}" % ", ".join("%s = %s" % (_key(str(key)), _value(item)) for key, item in value.items())
    raise TypeError("%s has no form in TOML" % type(value).__name__)
