# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an app asks for, the lock it gets, and the name of the environment. Pure.

A lock is kept under the hash of everything that decides a resolution, so the same question is asked once: apps with
equal requirements share lock and environment, and a range moves only when its file changes or an upgrade is wanted.
"""

from __future__ import annotations

import hashlib
import json
import re
import typing as t
from dataclasses import dataclass

from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.python import Interpreter
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.unprivileged import EnvironmentFailedError
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.grammar import (
    Requirement,
    RequirementError,
    as_lines,
    normalised,
    parse_requirement,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.logical_lines import logical_lines
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.names import CONSTRAINTS, LIST, UV_LOCK

_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])? *(?:== *([^\s;\\]+)|@ )")
_DIGITS = 16


def digest(*parts: t.Any) -> str:
    """The name of something that is made of these: 16 hexadecimal digits."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


@dataclass(frozen=True)
class Request:
    """What one app (or tool) needs.

    :ivar name: who asks
    :ivar is_tool: a role's tool, not an app
    :ivar files: every text that resolution reads, by relative path
    :ivar entry: the one that is resolved; a ``uv.lock`` in files wins
    :ivar python: version, path or None for the host's default
    :ivar package: what must be among its packages; "" for nothing
    :ivar allow_build: whether packages may be built from source
    :ivar python_from: the app's file that names the version, or ""
    :ivar requires_python: conditions for who names no version, such as ``>=3.10``
    """

    name: str
    is_tool: bool
    files: t.Mapping[str, str]
    entry: str
    python: str | None
    package: str
    allow_build: bool = False
    python_from: str = ""
    requires_python: tuple[str, ...] = ()

    @classmethod
    def of_app(cls, app: t.Mapping[str, t.Any], package: str = "") -> Request:
        """From an entry of the catalog.

        :param package: what the app's kind needs
        """
        wanted = app["environment"]
        return cls(
            name=app["name"],
            is_tool=False,
            files=dict(wanted["files"]),
            entry=wanted["entry"],
            python=wanted.get("python"),
            package=package,
            allow_build=bool(wanted.get("allow_build")),
            python_from=wanted.get("python_from") or "",
            requires_python=tuple(wanted.get("requires_python") or ()),
        )

    @classmethod
    def of_tool(cls, name: str, tool: t.Mapping[str, t.Any]) -> Request:
        """From an entry of the module's ``tools``."""
        text = "".join(line + "\n" for line in tool["requirements"])
        return cls(name, True, {"requirements.txt": text}, "requirements.txt", tool.get("python"), "")

    @property
    def is_locked(self) -> bool:
        """Whether the app brings its own lock."""
        return UV_LOCK in self.files

    @property
    def source(self) -> str:
        """The file that people edit to change this environment."""
        return UV_LOCK if self.is_locked else self.entry

    def how_to_add(self, requirement: str) -> str:
        """How the app asks for one package more, in words; nobody adds a line to a lock."""
        if self.is_locked:
            return 'add "%s" to [project] dependencies of pyproject.toml, and run "uv lock" again' % requirement
        return 'add a line such as "%s"' % requirement

    def inputs(self, interpreter: Interpreter, sources: list[t.Any]) -> str:
        """The name of its lock.

        :param sources: identity of the index settings
        """
        return digest(
            sorted(self.files.items()),
            self.entry,
            interpreter.version,
            interpreter.path,
            interpreter.platform,
            sources,
            *_built(self.builder),
        )

    @property
    def builder(self) -> str | None:
        """The app for which packages may be built from source."""
        return self.name if self.allow_build else None

    def lock_of(self, text: str) -> str:
        """The lock that uv has made for this, written anew: uv reads it again, and packages have a say in it.

        Hashes that the app gives take the place of the index's.

        :raises EnvironmentFailedError: it holds what is no pinned package of an index, or one without a given hash
        """
        if self.is_tool:
            return text  # who writes the playbook may ask for anything
        pins = pins_of(text)
        given = self._given_hashes()
        if not given:
            return as_lines(pins)
        missing = sorted({pin.name for pin in pins} - set(given))
        if missing:
            raise EnvironmentFailedError(
                "%s gives hashes, so every package needs one, also what others ask for. These have none: %s. Let uv or"
                " pip-compile write the file (uv pip compile --generate-hashes)" % (self.entry, ", ".join(missing))
            )
        return as_lines(pin.with_hashes(given[pin.name]) for pin in pins)

    def takes(self, lock: str) -> bool:
        """Whether a lock that was kept is one as :meth:`lock_of` makes it."""
        if self.is_tool:
            return True
        try:
            pins_of(lock)
        except EnvironmentFailedError:
            return False
        return True

    def _given_hashes(self) -> dict[str, tuple[str, ...]]:
        """The hashes that the app's requirements give, by name."""
        given: dict[str, tuple[str, ...]] = {}
        for name in (LIST, CONSTRAINTS):
            text = self.files.get(name, "")
            if "--hash" in text:
                for requirement in _requirements(text):
                    given[requirement.name] = (*given.get(requirement.name, ()), *requirement.hashes)
        return {name: tuple(dict.fromkeys(hashes)) for name, hashes in given.items() if hashes}


def _requirements(text: str) -> list[Requirement]:
    found = []
    for number, line in logical_lines(text):
        try:
            found.append(parse_requirement(line))
        except RequirementError as error:
            text = "line %d of the list of packages %s: %s" % (number, error, line[:80])
            raise EnvironmentFailedError(text) from None
    return found


def pins_of(lock: str) -> list[Requirement]:
    """What a lock's text installs, each in one version.

    :raises EnvironmentFailedError: there is anything else in it
    """
    found = _requirements(lock)
    loose = [each.name for each in found if not each.is_pinned]
    if loose:
        raise EnvironmentFailedError("the lock holds packages without a version: %s" % ", ".join(loose))
    return found


def _built(builder: str | None) -> list[str]:
    """What was made by code of a package, as an app's user, is shared with no other app."""
    return ["built from source for " + builder] if builder else []


def environment_name(lock: str, interpreter: Interpreter, sources: list[t.Any], builder: str | None = None) -> str:
    """The name of the environment that a lock gives; comments in the lock do not count.

    :param builder: the app for which packages may be built from source
    """
    pins = [
        line for line in (raw.split(" #")[0].rstrip() for raw in lock.splitlines()) if line.strip()[:1] not in ("", "#")
    ]
    return digest(pins, interpreter.version, interpreter.path, interpreter.platform, sources, *_built(builder))


def packages(lock: str) -> dict[str, str]:
    """Names (as PyPI compares them) and versions in a lock's text; a version is "" for a URL."""
    found = {}
    for line in lock.splitlines():
        match = _PIN.match(line)
        if match:
            found[normalised(match.group(1))] = match.group(2) or ""
    return found
