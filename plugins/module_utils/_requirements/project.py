# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a ``pyproject.toml`` says that an app needs, and the one that uv gets instead.

Taken are name, Python versions and dependencies of ``[project]``, and what limits or overrules versions in
``[tool.uv]``. What would change where packages come from is refused. The rest is left out: it is for who develops or
packages the app; a notice says so where uv would have done something with it.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import FileReport, show
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.toml import TomlError, parse_toml
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.toml_writer import to_toml_document
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.grammar import (
    Requirement,
    RequirementError,
    as_lines,
    parse_name,
    parse_specifiers,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.line import (
    INDEX_ONLY,
    MOST_FAULTS,
    read_line,
    shown,
)

PROJECT_VERSION = "0"
"""Of every app, so that a new version of the app is not a new question for uv."""

_MOST = 10_000
_CONSTRAINTS, _OVERRIDES = "constraint-dependencies", "override-dependencies"
_NOT_FROM_AN_APP = ("index", "index-url", "extra-index-url", "find-links", "no-index", "sources", "workspace")
# For who develops the app; it says nothing about what is installed here.
_NO_MATTER = {
    *("package", "managed", "dev-dependencies", "default-groups", "dependency-groups", "required-version"),
    *("environments", "required-environments", "build-backend", "cache-dir", "cache-keys", "link-mode", "preview"),
    *("compile-bytecode", "python-preference", "python-downloads", "publish-url", "check-url", "trusted-publishing"),
}


@dataclass(frozen=True)
class Project:
    """What is taken of a ``pyproject.toml``.

    :ivar name: as PyPI compares it
    :ivar python: conditions for Python's version
    :ivar dependencies: what is needed
    :ivar constraints: a text for uv: what limits versions
    :ivar overrides: a text for uv: what overrules versions that packages ask for
    """

    name: str = ""
    python: tuple[str, ...] = ()
    dependencies: tuple[Requirement, ...] = ()
    constraints: str = ""
    overrides: str = ""

    def text(self) -> str:
        """A ``pyproject.toml`` that says this, and nothing else."""
        table: dict[str, t.Any] = {"name": self.name, "version": PROJECT_VERSION}
        if self.python:
            table["requires-python"] = ",".join(self.python)
        table["dependencies"] = [each.text() for each in dict.fromkeys(self.dependencies)]
        return to_toml_document({"project": table})


def read_project(text: str, report: FileReport) -> Project:
    """What a ``pyproject.toml`` says; what is wrong goes into the report."""
    try:
        document = parse_toml(text)
    except TomlError as error:
        report.error("", str(error))
        return Project()
    project = _table(document, "project")
    uv = _table(_table(document, "tool"), "uv")
    for name in _NOT_FROM_AN_APP:
        if uv.get(name):
            report.error(
                "tool.uv." + name, "is not taken from an app: packages come from the host's index (pyapps_index_url)"
            )
    reader = _Reader(report)
    wanted = reader.dependencies(project)
    name = reader.name(project) if wanted else ""
    reader.refuse_itself(wanted, name)
    found = Project(
        name,
        reader.python(project),
        tuple(wanted),
        as_lines(reader.requirements("tool.uv." + _CONSTRAINTS, uv.get(_CONSTRAINTS, []))),
        as_lines(reader.requirements("tool.uv." + _OVERRIDES, uv.get(_OVERRIDES, []))),
    )
    _tell_unused(document, project, uv, report)
    return found


def _tell_unused(
    document: dict[str, t.Any], project: dict[str, t.Any], uv: dict[str, t.Any], report: FileReport
) -> None:
    extra = [
        name for name, table in (("optional-dependencies", project), ("dependency-groups", document)) if name in table
    ]
    if extra:
        report.notice("%s: not installed here, only [project] dependencies are" % ", ".join(extra))
    unused = set(uv) - _NO_MATTER - {_CONSTRAINTS, _OVERRIDES, *_NOT_FROM_AN_APP}
    if unused:
        report.notice("has no effect here: %s" % ", ".join(show("tool.uv." + name) for name in sorted(unused)))


class _Reader:
    """Reads tables, and tells what is wrong with them."""

    def __init__(self, report: FileReport) -> None:
        self._report = report

    def name(self, project: dict[str, t.Any]) -> str:
        value = project.get("name")
        try:
            return parse_name(value) if isinstance(value, str) else self._no_name(value)
        except RequirementError:
            return self._no_name(value)

    def _no_name(self, value: object) -> str:
        self._report.error("project.name", "is missing, or no name of a package", show(value), 'such as "my-app"')
        return ""

    def python(self, project: dict[str, t.Any]) -> tuple[str, ...]:
        value = project.get("requires-python", "")
        try:
            if isinstance(value, str):
                return parse_specifiers(value) if value.strip() else ()
        except RequirementError:
            pass
        self._report.error("project.requires-python", "is not understood", show(value), 'such as ">=3.9"')
        return ()

    def dependencies(self, project: dict[str, t.Any]) -> list[Requirement]:
        value = project.get("dependencies")
        dynamic = project.get("dynamic", [])
        if not isinstance(value, list) or not value or (isinstance(dynamic, list) and "dependencies" in dynamic):
            self._report.error(
                "project.dependencies",
                'names no package: write [project] with dependencies = ["streamlit"]',
                allowed="an array of requirements, written here (not dynamic)",
            )
            return []
        return self.requirements("project.dependencies", value)

    def requirements(self, key: str, value: object) -> list[Requirement]:
        """The requirements of an array."""
        if not isinstance(value, list) or len(value) > _MOST:
            self._report.error(
                key, "is no array of requirements, or one of more than %d" % _MOST, show(value), INDEX_ONLY
            )
            return []
        found: list[Requirement] = []
        faults = 0
        for line in value:
            try:
                found.append(_requirement(line))
            except RequirementError as error:
                faults += 1
                if faults > MOST_FAULTS:
                    self._report.error(key, "has more faults, which are not looked at")
                    break
                self._report.error(key, str(error), shown(line) if isinstance(line, str) else show(line), INDEX_ONLY)
        return found

    def refuse_itself(self, wanted: list[Requirement], name: str) -> None:
        """A stranger's package of the app's own name would be installed."""
        if any(each.name == name for each in wanted):
            self._report.error(
                "project.dependencies",
                "names the project itself: write the packages of its optional-dependencies here",
                found=show(name),
                allowed=INDEX_ONLY,
            )


def _requirement(line: object) -> Requirement:
    if not isinstance(line, str):
        raise RequirementError("is not a string")
    requirement = read_line(line.strip())
    if requirement.hashes:
        raise RequirementError("has a hash, which belongs into requirements.txt or uv.lock")
    return requirement


def _table(document: dict[str, t.Any], name: str) -> dict[str, t.Any]:
    value = document.get(name)
    return value if isinstance(value, dict) else {}
