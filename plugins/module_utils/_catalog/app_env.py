# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``[env]``: environment variables of an app."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.dotenv import VARIABLE
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import FileReport, type_of
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.tables import tables

_HOST_OWNED = {
    "HOME": "each app has one of its own, below its data folder",
    "TMPDIR": "each app has one of its own, below its data folder",
    "PATH": "it begins with the app's environment",
    "PYTHONHOME": "Python would not find its own library",
    "PYTHONPATH": "write what the app needs into its requirements",
    "PYTHONPLATLIBDIR": "Python would not find its own library",
    "PYTHONEXECUTABLE": "Python would not find its own environment",
    "PYTHONINSPECT": "the process would wait for a keyboard instead of ending",
    "PYTHONSTARTUP": "it is for interactive Python",
}
_OWNED_PREFIXES = {
    "PYAPPS_": "the host gives these names their values",
    "LD_": "these change which libraries the process loads",
}


def host_owned_variables() -> list[tuple[str, str]]:
    """What ``[env]`` cannot set, and why; for the reference page."""
    prefixes = [(prefix + "*", reason) for prefix, reason in sorted(_OWNED_PREFIXES.items())]
    return prefixes + sorted(_HOST_OWNED.items())


def read_env(table: dict[str, t.Any], report: FileReport) -> dict[str, str]:
    """The variables as strings, sorted by name. Values are never shown: somebody may have put a secret here."""
    result: dict[str, str] = {}
    for name in sorted(table):
        value = table[name]
        fault = name_fault(name) or _value_fault(value)
        if fault:
            report.error("env." + name[:80], fault, found=type_of(value), allowed="strings, integers and booleans")
        else:
            result[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return result


def name_fault(name: str) -> str:
    """Why an app cannot have a variable of this name, or nothing."""
    if not re.fullmatch(VARIABLE, name):
        return "is not a name of letters, digits and _ (at most 128, not beginning with a digit)"
    for table in tables():
        if table.variable_fault(name):
            return table.variable_fault(name)
    prefix = next((prefix for prefix in _OWNED_PREFIXES if name.startswith(prefix)), None)
    reason = _OWNED_PREFIXES[prefix] if prefix else _HOST_OWNED.get(name)
    return "belongs to the host: %s" % reason if reason else ""


def _value_fault(value: t.Any) -> str:
    if isinstance(value, str):
        return "holds a NUL character" if "\0" in value else ""
    if isinstance(value, (bool, int)):
        return "" if -(2**63) <= value < 2**63 else "is too large: write it as a string"
    return "must be a string, an integer or a boolean"
