# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collects the files that say what an app needs, without running anything. PRIVATE to the collection.

Only packages of an index are taken: a path, a repository or a URL would run code of its own while it is built, and an
environment could not be named by what is in it.
"""

from __future__ import annotations

import os
import posixpath
import re
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._app_files import (
    MIB,
    UnreadableError,
    is_safe_path,
    read_app_text,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._problems import FileReport, is_unprintable, show
from ansible_collections.selfhost.pyapps.plugins.module_utils._toml import TomlError, parse_toml

_MOST_FILES = 50
_LARGEST = MIB
_LARGEST_LOCK = 8 * MIB

_NAMED = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\s*(?:\[[A-Za-z0-9._,\s-]*\])?\s*(?:[<>=!~(;].*)?")
_INCLUDE = re.compile(r"(?:-[rc]\s*|--(?:requirement|constraint)(?:\s+|=))(?P<file>.+)")
_INDEX_OPTION = re.compile(r"-i|-f|--index-url|--extra-index-url|--find-links|--no-index|--trusted-host")
_LOCKED_SOURCE = re.compile(r'\bsource = \{ ?(?P<kind>git|url|path|directory|editable|virtual) = "(?P<where>[^"]*)"')
_LONGEST_SHOWN = 80

_INDEX_ONLY = "a package of an index, such as streamlit==1.41.*"
_WRITE_ONE = "write a requirements.txt with what the app needs, for example one line: streamlit"


class _Collector:
    """The files of one app, as they are found; what is wrong goes into the report."""

    def __init__(self, folder: str, report: FileReport) -> None:
        self.folder = folder
        self.files: dict[str, str] = {}
        self.requirements = 0
        self._report = report

    def report(self, relative: str) -> FileReport:
        return self._report.beside(os.path.join(self.folder, relative))

    def exists(self, relative: str) -> bool:
        return os.path.lexists(os.path.join(self.folder, relative))

    def read(self, relative: str, longest: int = _LARGEST) -> str | None:
        """The text, remembered; None (and an error) where it can not be taken."""
        try:
            text = read_app_text(self.folder, os.path.join(self.folder, relative), longest)
        except FileNotFoundError:
            self.report(relative).error("", "does not exist")
            return None
        except UnreadableError as error:
            self.report(relative).error("", str(error))
            return None
        if any(is_unprintable(character) and character not in "\t\r\n" for character in text):
            self.report(relative).error("", "holds control characters")
            return None
        self.files[relative] = text
        return text


def read_requirements(folder: str, report: FileReport) -> tuple[dict[str, str], str]:
    """Every text that resolution needs, by path relative to the folder, and which of them comes first.

    ``requirements.txt`` is taken before ``pyproject.toml``, except where a ``uv.lock`` shows that the latter is meant.
    """
    found = _Collector(folder, report)
    before = found.report("")
    has_requirements, has_project, has_lock = map(found.exists, ("requirements.txt", "pyproject.toml", "uv.lock"))
    if has_project and (has_lock or not has_requirements):
        entry = "pyproject.toml"
        _read_project(found, has_lock)
    elif has_requirements:
        entry = "requirements.txt"
        _read_list(found, entry)
        if found.requirements == 0 and not before.failed:
            found.report(entry).error("", "names no package: " + _WRITE_ONE)
    else:
        report.beside(folder).error("", "has neither requirements.txt nor pyproject.toml: " + _WRITE_ONE)
        return {}, "requirements.txt"
    for name, there in (("requirements.txt", has_requirements), ("pyproject.toml", has_project), ("uv.lock", has_lock)):
        if there and name not in found.files and name != entry:
            report.beside(folder).notice("%s is not used, because %s is taken" % (name, entry))
    return {name: found.files[name] for name in sorted(found.files)}, entry


def _read_list(found: _Collector, first: str) -> None:
    """Read a requirements file and what it includes; each file once, so a circle ends."""
    waiting = [first]
    seen = {first}
    while waiting:
        relative = waiting.pop(0)
        text = found.read(relative)
        report = found.report(relative)
        for number, line in _logical_lines(text or ""):
            include = _INCLUDE.fullmatch(line)
            if include is None:
                fault = line_fault(line)
                found.requirements += 1
                if fault:
                    report.error("line %d" % number, fault, found=_shown(line), allowed=_INDEX_ONLY)
                continue
            target = _include_target(relative, include.group("file"))
            if target is None or len(seen) >= _MOST_FILES:
                fault = "includes more than %d files" % _MOST_FILES if target else "includes what is not in the folder"
                report.error("line %d" % number, fault, found=_shown(line), allowed="files inside the app's folder")
            elif target not in seen:
                seen.add(target)
                waiting.append(target)


def _include_target(including: str, target: str) -> str | None:
    """The path of an included file relative to the app's folder; None when it leads out of it."""
    path = posixpath.normpath(posixpath.join(posixpath.dirname(including), target))
    return path if is_safe_path(path) and not target.startswith("/") else None


def _logical_lines(text: str) -> t.Iterator[tuple[int, str]]:
    """Lines as pip reads them: joined after a backslash, without comments; with the number of their first line."""
    pending, first = "", 0
    lines = [*re.split(r"\r\n|\r|\n", text), ""]
    for number, line in enumerate(lines, 1):
        first = first or number
        comment = re.match(r"\s*#", line)
        if line.endswith("\\") and not comment and number < len(lines):
            pending += line[:-1]
            continue
        whole = re.sub(r"(?:^|\s+)#.*", "", pending + line).strip()
        if whole:
            yield first, whole
        pending, first = "", 0


def line_fault(line: str) -> str:
    """Why a requirement is not taken; an empty text when it is."""
    requirement = re.sub(r"\s+--hash[= ]\S+", "", line)
    if "${" in requirement:
        return "reads an environment variable, which would differ from host to host: write the value"
    if _INDEX_OPTION.match(requirement):
        return "names an index, which belongs to the host: set pyapps_index_url or pyapps_extra_index_urls"
    if re.match(r"-e\b|--editable\b", requirement):
        return "is an editable installation: put the code into the app's folder, or publish the package"
    if requirement.startswith("-"):
        return "is an option that is not taken from an app"
    name = requirement.split(";")[0]
    if "://" in name or "@" in name:
        return "is a URL or a repository: only packages of an index are taken"
    if "/" in name or "\\" in name or name.startswith(".") or re.search(r"\.(?:whl|zip|tar\.gz)$", name.strip()):
        return "is a path: only packages of an index are taken"
    return "" if _NAMED.fullmatch(requirement) else "is not a requirement"


def _shown(line: str) -> str:
    without_password = re.sub(r"//[^/@\s]*@", "//***@", line)
    return show(without_password[:_LONGEST_SHOWN])


def _read_project(found: _Collector, has_lock: bool) -> None:
    text = found.read("pyproject.toml")
    if text is not None:
        _check_project(text, found.report("pyproject.toml"))
    lock = found.read("uv.lock", _LARGEST_LOCK) if has_lock else None
    for match in _LOCKED_SOURCE.finditer(lock or ""):
        # The app itself stands in its own lock, as editable or virtual "."; it is not installed.
        if (match.group("kind"), match.group("where")) not in (("editable", "."), ("virtual", ".")):
            found.report("uv.lock").error(
                "source.%s" % match.group("kind"),
                "is not an index: only packages of an index are taken",
                found=_shown(match.group("where")),
                allowed='source = { registry = "https://…" }',
            )


def _check_project(text: str, report: FileReport) -> None:
    try:
        document = parse_toml(text)
    except TomlError as error:
        report.error("", str(error))
        return
    project = _table(document, "project")
    wanted = project.get("dependencies")
    if not isinstance(wanted, list) or not wanted:
        report.error(
            "project.dependencies",
            'names no package: write [project] with dependencies = ["streamlit"]',
            allowed="an array of requirements, written here (not dynamic)",
        )
        wanted = []
    settings = _table(_table(document, "tool"), "uv")
    for name in ("constraint-dependencies", "override-dependencies"):
        more = settings.get(name, [])
        wanted = wanted + (more if isinstance(more, list) else [more])
    for line in wanted:
        fault = line_fault(line.strip()) if isinstance(line, str) else "is not a string"
        if fault:
            report.error("project.dependencies", fault, found=_shown(str(line)), allowed=_INDEX_ONLY)
    for name in ("index", "index-url", "extra-index-url", "find-links", "sources", "workspace"):
        if settings.get(name):
            report.error(
                "tool.uv." + name,
                "is not taken from an app: packages come from the host's index (pyapps_index_url)",
            )


def _table(document: dict[str, t.Any], name: str) -> dict[str, t.Any]:
    value = document.get(name)
    return value if isinstance(value, dict) else {}
