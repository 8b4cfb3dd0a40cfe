# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an ``environment.yml`` of conda asks for: Python's version, and what pip installs.

A small reader of our own for the form that conda writes. YAML's other forms are refused, not guessed at.
"""

from __future__ import annotations

import re

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import FileReport, show
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.grammar import (
    Requirement,
    RequirementError,
    parse_specifiers,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.line import (
    INDEX_ONLY,
    MOST_FAULTS,
    read_line,
    shown,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.listed import Listed

_COMMENT = re.compile(r"(?:^|[ \t])#")
_LINE_END = re.compile(r"\r\n|\r|\n")
_TOP = re.compile(r"(?P<key>[A-Za-z_][A-Za-z0-9_-]*):(?:[ \t]+(?P<value>.*))?")
_ITEM = re.compile(r"(?P<indent> *)-[ ]+(?P<value>.*)")
_NAME = re.compile(r"(?:[A-Za-z0-9_-]+::)?(?P<name>[A-Za-z0-9_][A-Za-z0-9_.-]*)")
_VERSION = re.compile(
    r"(?P<sign>==?)?[ ]*(?P<version>[0-9][A-Za-z0-9_.*]*)(?:=[A-Za-z0-9_.*]+)?"
    r"|(?P<range>[<>!~][A-Za-z0-9_.*<>=!~, ]*)"
    r"|"
)
_SILENT = frozenset(("pip", "setuptools", "wheel"))
_FORM = "a line such as - streamlit=1.50, or, below - pip:, such as - streamlit==1.50.*"


def read_environment_yml(text: str, report: FileReport) -> Listed:
    """What an ``environment.yml`` asks for; what is wrong goes into the report."""
    reader = _Reader(report)
    for number, line in enumerate(_LINE_END.split(text), 1):
        reader.take(number, line)
        if reader.faults > MOST_FAULTS:
            report.error("line %d" % number, "is where reading ends: what follows is not looked at")
            break
    return reader.end()


class _Reader:
    """Takes line by line.

    :ivar faults: how many lines were refused
    """

    def __init__(self, report: FileReport) -> None:
        self.faults = 0
        self._report = report
        self._section = ""
        self._indent: int | None = None
        self._pip_indent: int | None = None
        self._wanted: list[Requirement] = []
        self._python: tuple[str, ...] = ()
        self._only_conda: list[str] = []

    def take(self, number: int, line: str) -> None:
        comment = _COMMENT.search(line)
        line = (line[: comment.start()] if comment else line).rstrip()
        if not line or line == "---":
            return
        item = _ITEM.fullmatch(line)
        top = _TOP.fullmatch(line)
        if top and not item:
            self._section, self._indent, self._pip_indent = top["key"], None, None
            if self._section == "dependencies" and top["value"]:
                self._refuse(number, "is not read in this form", line)
        elif self._section == "dependencies":
            try:
                self._dependency(item)
            except RequirementError as error:
                self._refuse(number, str(error), line.strip())

    def _dependency(self, item: re.Match[str] | None) -> None:
        if item is None:
            raise RequirementError("is not read in this form")
        indent, value = len(item["indent"]), _unquoted(item["value"].strip())
        if self._indent is None:
            self._indent = indent
        if indent == self._indent:
            self._pip_indent = None
            if value == "pip:":
                self._pip_indent = -1
            else:
                self._of_conda(value)
            return
        if self._pip_indent == -1 and indent > self._indent:
            self._pip_indent = indent
        if self._pip_indent is None or indent != self._pip_indent:
            raise RequirementError("is not read in this form")
        self._wanted.append(read_line(value))

    def _of_conda(self, value: str) -> None:
        package = _NAME.match(value)
        version = _VERSION.fullmatch(value[package.end() :].strip(" ")) if package else None
        if package is None or version is None:
            raise RequirementError("is not read in this form")
        name = package["name"].lower()
        if name == "python":
            self._python = _conditions(version)
        elif name == "streamlit":
            self._wanted.append(Requirement(name, (), _conditions(version)))
        elif name not in _SILENT:
            self._only_conda.append(name)

    def _refuse(self, number: int, message: str, line: str) -> None:
        self.faults += 1
        self._report.error("line %d" % number, message, shown(line), INDEX_ONLY if "index" in message else _FORM)

    def end(self) -> Listed:
        """All that was read."""
        if not self._wanted and not self.faults:
            self._report.error("dependencies", "names nothing for pip: write - pip: and below it - streamlit")
        if self._only_conda:
            names = ", ".join(show(name).strip('"') for name in self._only_conda[:MOST_FAULTS])
            self._report.notice(
                "only conda would install: %s. Where the app needs one of them, name its package of PyPI below - pip:"
                % names
            )
        return Listed(tuple(self._wanted), (), self._python)


def _conditions(match: re.Match[str]) -> tuple[str, ...]:
    """Conda's ``=1.2`` and ``1.2`` mean any 1.2."""
    if match["range"]:
        return parse_specifiers(match["range"].replace(" ", ""))
    if not match["version"]:
        return ()
    version = match["version"].rstrip("*").rstrip(".")
    exact = match["sign"] == "==" and version == match["version"]
    return parse_specifiers("==" + version + ("" if exact else ".*"))


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"" else value
