# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collects what an app needs, without running anything, and writes it anew for uv.

``requirements.txt`` and what it includes are read here, ``pyproject.toml`` by ``_requirements_project.py``, and
``uv.lock`` by ``_requirements_lock.py``. Whatever is not understood is refused, and nothing of an app's text is copied:
a line that uv read otherwise than we do could run code of a stranger as the user that builds everybody's environments.

Only packages of an index are taken: a path, a repository or a URL would run code of its own while it is built, and an
environment could not be named by what is in it.
"""

from __future__ import annotations

import os
import posixpath
import re
import typing as t
from dataclasses import dataclass

from ansible_collections.selfhost.pyapps.plugins.module_utils._app_files import is_safe_path
from ansible_collections.selfhost.pyapps.plugins.module_utils._logical_lines import logical_lines
from ansible_collections.selfhost.pyapps.plugins.module_utils._problems import FileReport
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirement_grammar import (
    Requirement,
    RequirementError,
    as_lines,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirement_names import (
    CONSTRAINTS,
    LIST,
    OVERRIDES,
    PROJECT,
    UV_LOCK,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements_line import (
    INDEX_ONLY,
    MOST_FAULTS,
    read_line,
    shown,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements_lock import rewritten_lock
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements_project import Project, read_project
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements_texts import Texts

_MOST_FILES = 50
_MOST_LINES = 10_000

_INCLUDE = re.compile(r"(?:-(?P<short>[rc])(?:=|[ \t]*)|--(?P<long>requirement|constraint)(?:=|[ \t]+))(?P<file>.+)")

_WRITE_ONE = "write a requirements.txt with what the app needs, for example one line: streamlit"


@dataclass(frozen=True)
class Needs:
    """What an app needs.

    :ivar files: texts for uv by name, all written by us
    :ivar entry: the file that says it: ``requirements.txt`` or ``pyproject.toml``
    :ivar read: the app's files that say it, relative to its folder
    """

    files: dict[str, str]
    entry: str
    read: tuple[str, ...]


def read_requirements(folder: str, report: FileReport) -> Needs:
    """What an app's folder says that it needs; what is wrong goes into the report.

    ``requirements.txt`` is taken before ``pyproject.toml``, except where a ``uv.lock`` shows that the latter is meant.
    """
    texts = Texts(folder, report)
    has_list, has_project, has_lock = map(texts.exists, (LIST, PROJECT, UV_LOCK))
    if has_project and (has_lock or not has_list):
        entry = PROJECT
        files = _from_project(texts, has_lock)
    elif has_list:
        entry = LIST
        files = _List(texts).read()
    else:
        report.beside(folder).error("", "has neither requirements.txt nor pyproject.toml: " + _WRITE_ONE)
        return Needs({}, LIST, ())
    for name, there in ((LIST, has_list), (PROJECT, has_project), (UV_LOCK, has_lock)):
        if there and name not in texts.read_files and name != entry:
            report.beside(folder).notice("%s is not used, because %s is taken" % (name, entry))
    return Needs(files, entry, tuple(sorted(texts.read_files)))


def _from_project(texts: Texts, has_lock: bool) -> dict[str, str]:
    text = texts.read(PROJECT)
    project = read_project(text, texts.report(PROJECT)) if text is not None else Project()
    lock = texts.read(UV_LOCK) if has_lock else None
    if not has_lock:
        return _named({PROJECT: project.text(), CONSTRAINTS: project.constraints, OVERRIDES: project.overrides})
    written = rewritten_lock(lock, project.name, texts.report(UV_LOCK)) if lock is not None else ""
    return {PROJECT: project.text(), UV_LOCK: written}


class _List:
    """Reads a requirements.txt and what it includes; each file once in each of its two meanings, so a circle ends."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self._wanted: list[Requirement] = []
        self._limits: list[Requirement] = []
        self._lines = 0
        self._places: dict[Requirement, tuple[str, int]] = {}

    def read(self) -> dict[str, str]:
        """The texts for uv."""
        before = self._texts.report(LIST)
        waiting = [(LIST, False)]
        seen = set(waiting)
        while waiting:
            relative, limits = waiting.pop(0)
            for found in self._read_file(relative, limits):
                if found not in seen:
                    seen.add(found)
                    waiting.append(found)
            if len({name for name, _limits in seen}) > _MOST_FILES:
                self._texts.report(LIST).error("", "includes more than %d files" % _MOST_FILES)
                break
        if not self._wanted and not before.failed:
            before.error("", "names no package: " + _WRITE_ONE)
        self._check_hashes()
        return _named({LIST: as_lines(self._wanted), CONSTRAINTS: as_lines(self._limits)})

    def _read_file(self, relative: str, limits: bool) -> t.Iterator[tuple[str, bool]]:
        """Read one file; the files that it includes, and whether they limit versions only, as uv takes them."""
        text = self._texts.read(relative)
        report = self._texts.report(relative)
        faults = 0
        for number, line in logical_lines(text or ""):
            self._lines += 1
            if self._lines > _MOST_LINES:
                report.error("line %d" % number, "is one too many: an app may have %d lines" % _MOST_LINES)
                return
            try:
                include = _INCLUDE.fullmatch(line)
                if include:
                    found = _include_target(relative, include["file"])
                    yield found, limits or "c" in (include["short"], (include["long"] or "")[:1])
                else:
                    self._take(read_line(line), limits, (relative, number))
            except RequirementError as error:
                faults += 1
                if faults > MOST_FAULTS:
                    report.error("line %d" % number, "is wrong too, and what follows is not looked at")
                    return
                allowed = "files inside the app's folder" if include else INDEX_ONLY
                report.error("line %d" % number, str(error), found=shown(line), allowed=allowed)

    def _take(self, requirement: Requirement, limits: bool, place: tuple[str, int]) -> None:
        (self._limits if limits else self._wanted).append(requirement)
        self._places.setdefault(requirement, place)

    def _check_hashes(self) -> None:
        """Hashes are for all packages or for none: one without would be installed whatever it is."""
        every = [*self._wanted, *self._limits]
        if not any(each.hashes for each in every):
            return
        sure = {each.name for each in every if each.hashes and each.is_pinned}
        for each in [each for each in self._wanted if each.name not in sure][:MOST_FAULTS]:
            relative, number = self._places[each]
            self._texts.report(relative).error(
                "line %d" % number,
                "has no --hash, or no version, but another line has a hash: give both to all packages, or none",
                found=shown(each.text().splitlines()[0]),
                allowed="name==version --hash=sha256:…",
            )


def _include_target(including: str, target: str) -> str:
    """The path of an included file relative to the app's folder.

    :raises RequirementError: it leads out of it
    """
    path = posixpath.normpath(posixpath.join(posixpath.dirname(including), target))
    if os.path.isabs(target) or not is_safe_path(path):
        raise RequirementError("includes what is not in the folder")
    return path


def _named(texts: t.Mapping[str, str]) -> dict[str, str]:
    """Those that say something, in the order of their names."""
    return {name: texts[name] for name in sorted(texts) if texts[name]}
