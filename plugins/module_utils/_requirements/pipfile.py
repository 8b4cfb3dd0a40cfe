# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a ``Pipfile`` and a ``Pipfile.lock`` of Pipenv ask for."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import FileReport, show
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.toml import TomlError, parse_toml
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.grammar import (
    Requirement,
    RequirementError,
    parse_specifiers,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.listed import (
    Listed,
    Table,
    read_table,
    version_conditions,
)

_PYPI = ("https://pypi.org/simple", "https://pypi.python.org/simple")


def read_pipfile(text: str, report: FileReport) -> Listed:
    """What a ``Pipfile`` asks for; what is wrong goes into the report."""
    try:
        document = parse_toml(text)
    except TomlError as error:
        report.error("", str(error))
        return Listed()
    sources = document.get("source", [])
    if not isinstance(sources, list) or not all(_is_pypi(source) for source in sources):
        report.error("source", "is not taken from an app: packages come from the host's index (pyapps_index_url)")
    if document.get("dev-packages"):
        report.notice("dev-packages: not installed here")
    wanted = read_table(document.get("packages", {}), "packages", report)
    if not wanted:
        report.error("packages", 'names no package: write streamlit = "*"')
    return Listed(tuple(wanted), (), _python(document.get("requires", {}), report))


def read_pipfile_lock(text: str, report: FileReport) -> tuple[Requirement, ...]:
    """The versions in a ``Pipfile.lock``; what is wrong goes into the report."""
    try:
        document: t.Any = json.loads(text)
    except (ValueError, RecursionError):
        report.error("", "is no JSON: make the lock anew (pipenv lock)")
        return ()
    packages = document.get("default") if isinstance(document, dict) else None
    if not isinstance(packages, dict):
        report.error("default", "is no table: make the lock anew (pipenv lock)")
        return ()
    # Hashes are left out: uv wants one for each package then, and the host's index may serve other files.
    entries = {name: _without_hashes(entry) for name, entry in packages.items()}
    return tuple(each for each in read_table(entries, "default", report) if each.is_pinned)


def _without_hashes(entry: object) -> object:
    return {key: value for key, value in entry.items() if key != "hashes"} if isinstance(entry, dict) else entry


def _is_pypi(source: object) -> bool:
    return isinstance(source, dict) and str(source.get("url")).rstrip("/") in _PYPI


def _python(requires: object, report: FileReport) -> tuple[str, ...]:
    table: Table = requires if isinstance(requires, dict) else {}
    for name in ("python_full_version", "python_version"):
        value = table.get(name)
        if value is None:
            continue
        try:
            if isinstance(value, str):
                # Of a full version the first two numbers count, as in .python-version.
                minor = ".".join(value.split(".")[:2])
                return parse_specifiers("==%s.*" % minor) if minor[:1].isdigit() else version_conditions(value)
        except RequirementError:
            pass
        report.error("requires." + name, "is not understood", show(value), 'such as "3.12"')
    return ()
