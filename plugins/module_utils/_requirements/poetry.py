# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Poetry's tables in a ``pyproject.toml`` ask for, and its lock."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import FileReport, show
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.toml import TomlError, parse_toml
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.grammar import (
    Requirement,
    RequirementError,
    parse_name,
    parse_version,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.listed import (
    MOST,
    Listed,
    Table,
    read_table,
    version_conditions,
)

_MINOR = re.compile("3\\.[0-9]{1,2}")
_KEY = "tool.poetry.dependencies"


def poetry_table(document: Table) -> Table | None:
    """Poetry's own table with dependencies, where it counts: ``[project]`` names none."""
    project, tool = document.get("project"), document.get("tool")
    if isinstance(project, dict) and "dependencies" in project:
        return None
    poetry = tool.get("poetry") if isinstance(tool, dict) else None
    return poetry if isinstance(poetry, dict) and "dependencies" in poetry else None


def read_poetry(poetry: Table, report: FileReport) -> Listed:
    """What Poetry's table asks for; what is wrong goes into the report."""
    if poetry.get("source"):
        report.error(
            "tool.poetry.source", "is not taken from an app: packages come from the host's index (pyapps_index_url)"
        )
    unused = [name for name in ("group", "dev-dependencies", "extras") if poetry.get(name)]
    if unused:
        report.notice("not installed here: %s" % ", ".join("tool.poetry." + name for name in unused))
    table = poetry["dependencies"]
    python: tuple[str, ...] = ()
    if isinstance(table, dict) and "python" in table:
        python = _python(table["python"], report)
        table = {name: value for name, value in table.items() if name != "python"}
    wanted = read_table(table, _KEY, report)
    if not wanted:
        report.error(_KEY, 'names no package: write streamlit = "*"')
    return Listed(tuple(wanted), (), python)


def read_poetry_lock(text: str, report: FileReport) -> tuple[Requirement, ...]:
    """The versions of a ``poetry.lock``; of a package that is there twice, for different hosts, none."""
    try:
        packages: t.Any = parse_toml(text).get("package", [])
    except TomlError as error:
        report.error("", str(error))
        return ()
    if not isinstance(packages, list) or len(packages) > MOST:
        report.error("package", "is no array of at most %d tables" % MOST)
        return ()
    found: dict[str, set[str]] = {}
    for package in packages:
        try:
            name, version = package["name"], package["version"]
            found.setdefault(parse_name(name), set()).add(parse_version(version))
        except (KeyError, TypeError, RequirementError):
            report.error("package", "has no name, or no version, of a package", show(package))
            return ()
    return tuple(
        Requirement(name, (), ("==" + next(iter(versions)),))
        for name, versions in sorted(found.items())
        if len(versions) == 1
    )


def _python(value: object, report: FileReport) -> tuple[str, ...]:
    try:
        if isinstance(value, str):
            # Each alternative is enough, and the last one is the newest.
            value = value.rpartition("||")[2].strip()
            # 3.12 alone would mean 3.12.0 and no other, which nobody wants.
            return version_conditions(value + ".*" if _MINOR.fullmatch(value) else value)
    except RequirementError:
        pass
    report.error(_KEY + ".python", "is not understood", show(value), 'such as "^3.10"')
    return ()
