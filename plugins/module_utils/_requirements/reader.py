# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collects what an app needs, without running anything, and writes it anew for uv.

``requirements.txt`` and what it includes are read here, ``pyproject.toml`` by ``_requirements/project.py``,
``uv.lock`` by ``_requirements/lock.py``, and other tools' files by ``_requirements/other.py``. Whatever is not
understood is refused, and nothing of an app's text is copied:
a line that uv read otherwise than we do could run code of a stranger as the user that builds everybody's environments.

Only packages of an index are taken: a path, a repository or a URL would run code of its own while it is built, and an
environment could not be named by what is in it.
"""

from __future__ import annotations

import os
import posixpath
import re
import typing as t
from dataclasses import dataclass, field, replace

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.app_files import SETUP, is_safe_path
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import FileReport
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.grammar import (
    Requirement,
    RequirementError,
    as_lines,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.line import (
    INDEX_ONLY,
    MOST_FAULTS,
    read_line,
    shown,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.listed import Listed
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.lock import rewritten_lock
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.logical_lines import logical_lines
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.names import (
    CODE,
    CONDA,
    CONSTRAINTS,
    LIST,
    OVERRIDES,
    PIPFILE,
    PROJECT,
    PYLOCK,
    UV_LOCK,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.other import (
    read_other,
    read_poetry_of,
    read_pylock_of,
    says_something,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.project import Project, read_project
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.python import (
    PythonWish,
    read_python_version,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.texts import SHARED, Texts

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
    :ivar python: which Python is asked for
    """

    files: dict[str, str]
    entry: str
    read: tuple[str, ...]
    python: PythonWish = field(default_factory=PythonWish)


def read_requirements(
    folder: str, report: FileReport, python: str | None = None, apps: str | None = None, package: str = ""
) -> Needs:
    """What an app's folder says that it needs; what is wrong goes into the report.

    :param python: the version in ``setup.toml``, which leaves nothing to the other files
    :param apps: the folder that holds the app and others, from which it may include files; None for none
    :param package: what an app gets that says nothing, in its newest version; "" for nothing

    ``requirements.txt`` is taken before all others, except where a ``uv.lock`` shows that ``pyproject.toml`` is meant.
    Then come ``pylock.toml``, ``pyproject.toml``, and the files of Pipenv and conda. An app that has none of them gets
    ``package``.
    """
    texts = Texts(folder, report, apps)
    wish = PythonWish(python, SETUP) if python else read_python_version(texts)
    has_list, has_project, has_lock = map(texts.exists, (LIST, PROJECT, UV_LOCK))
    entry = LIST
    if has_project and has_lock:
        taken = entry = PROJECT
        files, conditions = _from_project(texts, has_lock)
    elif has_list:
        taken, files, conditions = LIST, _List(texts).read(), ()
    else:
        taken, listed = _elsewhere(texts, package)
        if listed is None:
            entry = PROJECT
            files, conditions = _from_project(texts, has_lock)
        else:
            files, conditions = (
                _named({LIST: as_lines(listed.wanted), CONSTRAINTS: as_lines(listed.limits)}),
                listed.python,
            )
    for name in (LIST, PROJECT, UV_LOCK, PYLOCK, PIPFILE, *CONDA):
        if texts.exists(name) and name not in texts.read_files and name != entry:
            report.beside(folder).notice("%s is not used, because %s is taken" % (name, taken))
    return Needs(files, entry, tuple(sorted(texts.read_files)), _completed(wish, taken, conditions))


def _completed(wish: PythonWish, taken: str, conditions: tuple[str, ...]) -> PythonWish:
    """With the conditions of the file that counts; it is named where no other file names a version."""
    return replace(wish, said_by=wish.said_by or (taken if conditions else ""), conditions=conditions)


def _elsewhere(texts: Texts, package: str) -> tuple[str, Listed | None]:
    """Where no requirements.txt is: the file that counts, and what it asks for; None for a project of its own."""
    if texts.exists(PYLOCK):
        return PYLOCK, read_pylock_of(texts)
    if texts.exists(PROJECT):
        poetry = read_poetry_of(texts)
        if poetry or says_something(texts):
            return PROJECT, poetry
    other = read_other(texts)
    if other:
        return other
    code = " and ".join(name for name in CODE if texts.exists(name))
    given = "the newest %s" % package.capitalize() if package else "Python"
    texts.report(LIST).notice(
        "does not exist, so the app gets %s and nothing else%s: to choose, %s"
        % (given, " (%s has no effect here)" % code if code else "", _WRITE_ONE)
    )
    return given, Listed((Requirement(package),) if package else ())


def _from_project(texts: Texts, has_lock: bool) -> tuple[dict[str, str], tuple[str, ...]]:
    """The texts for uv, and the conditions for Python's version."""
    text = texts.read(PROJECT)
    project = read_project(text, texts.report(PROJECT)) if text is not None else Project()
    lock = texts.read(UV_LOCK) if has_lock else None
    if not has_lock:
        named = _named({PROJECT: project.text(), CONSTRAINTS: project.constraints, OVERRIDES: project.overrides})
        return named, project.python
    written = rewritten_lock(lock, project.name, texts.report(UV_LOCK)) if lock is not None else ""
    return {PROJECT: project.text(), UV_LOCK: written}, project.python


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
                    found = _include_target(relative, include["file"], self._texts.apps is not None)
                    yield found, limits or "c" in (include["short"], (include["long"] or "")[:1])
                else:
                    self._take(read_line(line), limits, (relative, number))
            except RequirementError as error:
                faults += 1
                if faults > MOST_FAULTS:
                    report.error("line %d" % number, "is wrong too, and what follows is not looked at")
                    return
                allowed = (
                    "files inside the app's folder, or beside it in the folder of the apps" if include else INDEX_ONLY
                )
                # The other file is perhaps none of requirements, and not for whoever reads what this app's run says.
                found = "" if relative.startswith(SHARED) else shown(line)
                report.error("line %d" % number, str(error), found=found, allowed=allowed)

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


def _include_target(including: str, target: str, shares: bool) -> str:
    """The path of an included file relative to the app's folder.

    :param shares: whether files beside the app's folder are taken
    :raises RequirementError: it leads out of it
    """
    path = posixpath.normpath(posixpath.join(posixpath.dirname(including), target))
    inside = path[len(SHARED) :] if shares and path.startswith(SHARED) else path
    if os.path.isabs(target) or not is_safe_path(inside):
        raise RequirementError("includes what is not in the folder")
    return path


def _named(texts: t.Mapping[str, str]) -> dict[str, str]:
    """Those that say something, and the list, which uv reads also where it is empty; in the order of their names."""
    return {name: texts[name] for name in sorted(texts) if texts[name] or name == LIST}
