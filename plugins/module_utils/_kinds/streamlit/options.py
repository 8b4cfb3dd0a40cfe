# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Streamlit's options as an app sets them, and those that only the host may set."""

from __future__ import annotations

import json
import math
import re
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import (
    FileReport,
    is_unprintable,
    show,
    type_of,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit.owned import host_owned
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit.user_headers import (
    USER_HEADERS,
    user_headers,
)

_OPTION = re.compile(r"[A-Za-z][A-Za-z0-9_-]*(?:\.[A-Za-z][A-Za-z0-9_-]*)+")
_LONGEST_OPTION = 100
_HEADERS_IN_WORDS = """a table such as {"X-User" = "name"}, or a text with JSON such as {"X-User": "name"}"""
_FORM = "a section and an option, such as server.maxUploadSize"


def setup_options(config: dict[str, t.Any], report: FileReport) -> dict[str, t.Any]:
    """``[streamlit.config]`` of a ``setup.toml``, flat; what the host owns is an error."""
    options = _flat_options(config, report, "streamlit.config.")
    for name in sorted(options):
        reason = host_owned(name)
        if reason:
            report.error(
                "streamlit.config." + name,
                "belongs to the host: " + reason,
                found=type_of(options[name]),
                allowed="every other option of Streamlit",
            )
    return {name: value for name, value in options.items() if not host_owned(name)}


def own_options(config: dict[str, t.Any], report: FileReport) -> dict[str, t.Any]:
    """The app's ``.streamlit/config.toml``, flat; what the host owns is left out with a notice."""
    options = _flat_options(config, report, "")
    for name in sorted(options):
        reason = host_owned(name)
        if reason:
            report.notice("%s has no effect here: %s" % (name, reason))
    return {name: value for name, value in options.items() if not host_owned(name)}


def merged(own: dict[str, t.Any], setup: dict[str, t.Any], report: FileReport) -> dict[str, t.Any]:
    """Both together, sorted by name; ``setup.toml`` wins. An option cannot also be a section."""
    options = {**own, **setup}
    for name in sorted(options):
        parts = name.split(".")
        sections = (".".join(parts[:count]) for count in range(1, len(parts)))
        for section in (section for section in sections if section in options):
            report.error(
                "streamlit.config." + section, "is an option and also the section of %s: keep one of them" % name
            )
        if name.lower().startswith(USER_HEADERS.lower() + "."):  # the front would not know of such a header
            report.error("streamlit.config." + name, "is a table: write it as JSON", allowed=_HEADERS_IN_WORDS)
    try:
        user_headers(options.get(USER_HEADERS))
    except ValueError as error:
        value = show(options[USER_HEADERS])
        report.error("streamlit.config." + USER_HEADERS, str(error), found=value, allowed=_HEADERS_IN_WORDS)
    return {name: options[name] for name in sorted(options)}


def _flat_options(config: dict[str, t.Any], report: FileReport, prefix: str) -> dict[str, t.Any]:
    options: dict[str, t.Any] = {}
    for name, value in _leaves(config, ""):
        shown = prefix + name[:_LONGEST_OPTION]
        if not _OPTION.fullmatch(name) or len(name) > _LONGEST_OPTION:
            report.error(shown, "is not the name of an option", allowed=_FORM)
        elif name in options:
            report.error(shown, "is given twice, dotted and as a table")
        elif _value_fault(value) and not host_owned(name):
            report.error(shown, _value_fault(value), found=type_of(value), allowed="strings, numbers, booleans, arrays")
        else:
            options[name] = value
    return options


def _leaves(table: dict[str, t.Any], prefix: str) -> t.Iterator[tuple[str, t.Any]]:
    for name, value in table.items():
        if isinstance(value, dict) and prefix + name == USER_HEADERS:
            yield prefix + name, json.dumps(value, default=str)  # Streamlit takes either form
        elif isinstance(value, dict) and not host_owned(prefix + name):
            yield from _leaves(value, prefix + name + ".")
        else:
            yield prefix + name, value


def _value_fault(value: t.Any, in_array: bool = False) -> str:
    if isinstance(value, str):
        return "holds a control character" if any(map(is_unprintable, value)) else ""
    if isinstance(value, bool):
        return ""
    if isinstance(value, int):
        return "" if -(2**63) <= value < 2**63 else "is too large"
    if isinstance(value, float):
        return "" if math.isfinite(value) else "is no number"
    if isinstance(value, list) and not in_array:
        return next(filter(None, (_value_fault(item, in_array=True) for item in value)), "")
    if isinstance(value, dict) and in_array:  # theme.fontFaces is an array of such tables
        plain = all(isinstance(item, (str, int)) and not _value_fault(item) for item in value.values())
        return "" if plain and all(map(str.isidentifier, value)) else "holds a table with something else than text"
    return "has a type that no option has"


def max_upload_size(options: dict[str, t.Any], report: FileReport, maximum: int) -> int:
    """Streamlit's upload limit in MB, 200 when the app says nothing."""
    value = options.get("server.maxUploadSize", 200)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= maximum:
        report.error(
            "streamlit.config.server.maxUploadSize",
            "is not a size in MB",
            found=show(value),
            allowed="an integer from 1 to %d" % maximum,
        )
        return 200
    return value
