# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an app may not write beside its code, and the line of ``setup.toml`` that lets it.

A release is read-only, so an app that keeps a database or a log beside its code meets the bare error of Python or
SQLite, at its start or on somebody's click. Its log says which file is meant, or its code does.
"""

from __future__ import annotations

import json
import os
import re
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.app_files import is_safe_path

_QUOTED = r"""(?P<%s>['"])(?P<%s>.+?)(?P=%s)"""
_PYTHON = re.compile(
    r"(?:PermissionError: \[Errno 13\] Permission denied|OSError: \[Errno 30\] Read-only file system): "
    + _QUOTED % ("q", "path", "q")
    + r"(?: -> "
    + _QUOTED % ("r", "target", "r")
    + ")?"
)
_OTHERS = (
    re.compile(r"Cannot open file " + _QUOTED % ("q", "path", "q") + ": Permission denied"),  # DuckDB
    re.compile(r"name = " + _QUOTED % ("q", "path", "q") + r", errno = 13\b"),  # HDF5
)
_SQLITE = re.compile(r"OperationalError\)?:? \(?(?:unable to open database file|attempt to write a readonly database)")
# Bounded, or a text of many slashes would take time by the square of its length.
_PART = r"""[^'"\s:?/]{1,100}"""
_DATABASE = re.compile(
    r"""['"/](?P<path>(?:(?<=['"])/)?%s(?:/%s){0,8}\.(?:db3?|sqlite3?))['"?]""" % (_PART, _PART),
)
_LONGEST_LINE = 2000  # characters
_LARGEST_SOURCE = 1 << 20  # bytes
_ALL_SOURCES = 4 << 20  # bytes
_MOST_SOURCES = 500


def advice(log: t.Iterable[str], code: str, data_paths: t.Sequence[str]) -> str | None:
    """What to write into ``setup.toml`` when a log tells of a write that was refused; None when none does.

    :param log: lines of the app's log, the oldest first
    :param code: folder of the release's code, in which the app runs
    :param data_paths: ``[data] paths`` as the release has them
    """
    lines = [line[:_LONGEST_LINE] for line in log]
    for line in reversed(lines):
        match = _PYTHON.search(line)
        if match and match.group("target"):
            found = _replaced(match.group("target"), code, data_paths)
        elif match:
            found = _named([match.group("path")], code, data_paths)
        elif _SQLITE.search(line):
            found = _named(_databases(lines, code), code, data_paths) or _unnamed(data_paths)
        else:
            others = [other.group("path") for pattern in _OTHERS for other in [pattern.search(line)] if other]
            found = _named(others, code, data_paths)
        if found:
            return found
    return None


def with_advice(reason: str, log: t.Iterable[str], code: str, settings: t.Mapping[str, t.Any]) -> str:
    """A reason, and what to write into ``setup.toml`` if that is what helps.

    :param settings: of the release
    """
    found = advice([*log, reason], code, settings.get("data", {}).get("paths", ()))
    return "%s. %s" % (reason, found) if found else reason


def _named(paths: t.Iterable[str], code: str, data_paths: t.Sequence[str]) -> str | None:
    inside = [path for path in (_inside(path, code) for path in paths) if path and not _is_kept(path, data_paths)]
    if not inside:
        return None
    names = list(dict.fromkeys(inside))
    kept = list(dict.fromkeys(_to_keep(name, code) for name in names))
    return "The app may not write %s beside its code, which is read-only. Write into setup.toml: %s" % (
        ", ".join(names),
        _line(data_paths, kept),
    )


def _unnamed(data_paths: t.Sequence[str]) -> str:
    return (
        "The app may not write a database beside its code, which is read-only. Write its file into setup.toml, such as "
        + _line(data_paths, ["app.db"])
    )


def _replaced(target: str, code: str, data_paths: t.Sequence[str]) -> str | None:
    """A file that is written beside and renamed, which a link into the data folder cannot take."""
    path = _inside(target, code)
    if path is None:
        return None
    return (
        "The app may not replace %s beside its code, which is read-only. Let it write into a folder, such as state/%s, "
        "and write into setup.toml: %s" % (path, os.path.basename(path), _line(data_paths, ["state"], without=path))
    )


def _line(data_paths: t.Sequence[str], further: t.Iterable[str], without: str = "") -> str:
    paths = [path for path in data_paths if path != without]
    paths += [path for path in further if path not in paths]
    return "[data] paths = %s" % json.dumps(paths, ensure_ascii=False)


def _inside(path: str, code: str) -> str | None:
    """A path relative to the code; None when it leads elsewhere or cannot be written into ``[data] paths``."""
    found = os.path.relpath(os.path.normpath(os.path.join(code, path)), code)
    return found if found != "." and is_safe_path(found) and not found.endswith(".py") else None


def _is_kept(path: str, data_paths: t.Iterable[str]) -> bool:
    return any(path == kept or path.startswith(kept + "/") for kept in data_paths)


def _to_keep(path: str, code: str) -> str:
    """The file, or its folder when that is for such files alone."""
    folder = os.path.dirname(path)
    if not folder or os.path.lexists(os.path.join(code, path)):
        return path
    try:
        has_code = any(name.endswith(".py") for name in os.listdir(os.path.join(code, folder)))
    except OSError:
        has_code = False
    return path if has_code else folder


def _databases(lines: t.Iterable[str], code: str) -> list[str]:
    """Which file SQLite may mean, which it does not say: the one that the traceback, the folder, or the code names."""
    shown = [match.group("path") for line in lines for match in _DATABASE.finditer(line)]
    if shown:
        return shown
    there, named, left = [], [], _ALL_SOURCES
    for path in _files(code):
        name = os.path.relpath(path, code)
        if re.search(r"\.(?:db3?|sqlite3?)$", name):
            there.append(name)
        elif name.endswith(".py") and left > 0:
            source = _source(path)
            left -= len(source)
            named += [match.group("path") for match in _DATABASE.finditer(source)]
    return there or named


def _files(code: str) -> list[str]:
    found: list[str] = []
    for folder, folders, names in os.walk(code):
        folders.sort()
        found += [os.path.join(folder, name) for name in sorted(names)]
        if len(found) > _MOST_SOURCES:
            break
    return [path for path in found[:_MOST_SOURCES] if not os.path.islink(path)]


def _source(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(_LARGEST_SOURCE)
    except OSError:
        return ""
