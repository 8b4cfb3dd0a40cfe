# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a published repository's Makefile: its targets, and what their commands do. Pure.

Only what is written in it counts: nothing is run, no other file is read, and what depends on more has no value.
"""

from __future__ import annotations

import itertools
import re
import typing as t
from dataclasses import dataclass, field

from ansible_collections.selfhost.pyapps.plugins.module_utils._migration.commands import shell_commands
from ansible_collections.selfhost.pyapps.plugins.module_utils._migration.docker import Operation, operation

UNKNOWN = "\0"
"""In place of what a variable without a value, or a function of make, would give."""

_ASSIGNMENT = re.compile(r"\s*(?:export\s+|override\s+)*([A-Za-z_][\w.-]*)\s*(\?=|:{0,3}=|\+=|!=)\s*(.*)", re.DOTALL)
_REFERENCE = re.compile(r"\$(?:\$|@|\(([^$()]*)\)|\{([^${}]*)\}|.?)", re.DOTALL)
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
_CONDITION = re.compile(r"\s*(?:if(?:n?eq|n?def)|else|endif|-?s?include|un?export|vpath|export|endef|define)\b")
_LONGEST_VALUE = 4096
_LONGEST_COMMAND = 4096
_MOST_OPERATIONS = 50
_MOST_TARGETS = 200


@dataclass
class Target:
    """One target.

    :param line: where it stands
    :param recipe: its lines, as they are written
    """

    line: int
    needs: list[str] = field(default_factory=list)
    recipe: list[str] = field(default_factory=list)


@dataclass
class Makefile:
    """What a Makefile says.

    :param left: numbers of the lines that are not understood
    """

    targets: dict[str, Target] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=lambda: {"MAKE": "make"})
    left: list[int] = field(default_factory=list)

    def operations(self, name: str) -> list[Operation]:
        """What a target does: first those that it needs, each once, then its own commands."""
        found = list(itertools.islice(self._operations(name, set()), _MOST_OPERATIONS + 1))
        if len(found) > _MOST_OPERATIONS:
            return [Operation("", "has more than %d commands" % _MOST_OPERATIONS)]
        return found

    def _operations(self, name: str, done: set[str]) -> t.Iterator[Operation]:
        if name in done or len(done) > _MOST_OPERATIONS:
            return
        done.add(name)
        target = self.targets.get(name)
        if target is None:
            yield Operation("", "needs %s, which this Makefile does not have" % name[:40])
            return
        for need in target.needs:
            yield from self._operations(need, done)
        for line in target.recipe:
            text = _Values(self.variables, name).expand(line).lstrip("@-+ \t")
            commands = shell_commands([text]) if len(text) <= _LONGEST_COMMAND else None
            if commands is None:
                yield Operation("", "has a command that is too long, or whose quotes do not end")
            for words in commands or []:
                if words[0] == "make" and len(words) > 1 and all(map(_NAME.fullmatch, words)):
                    for need in words[1:]:
                        yield from self._operations(need, done)
                else:
                    yield operation(words)


def read_makefile(text: str) -> Makefile:
    """The targets and variables of a Makefile; what is conditional, included or a pattern is left."""
    found = Makefile()
    current: list[Target] = []
    in_define = False
    for number, line in _logical_lines(text):
        if in_define or re.match(r"\s*define\b", line):
            in_define = not re.match(r"\s*endef\b", line)
            found.left.append(number)
        elif line.startswith("\t"):
            for target in current:
                target.recipe.append(line.strip())
            if not current and line.strip() and not line.strip().startswith("#"):
                found.left.append(number)
        elif not re.sub(r"(^|\s)#.*", "", line, flags=re.DOTALL).strip():
            continue
        else:
            current = _take(re.sub(r"(^|\s)#.*", "", line, flags=re.DOTALL), number, found, current)
    return found


def _take(line: str, number: int, found: Makefile, current: list[Target]) -> list[Target]:
    """Read an assignment or the head of a rule; the targets that the next lines belong to."""
    assigned = _ASSIGNMENT.fullmatch(line)
    if _CONDITION.match(line) and not assigned:
        found.left.append(number)
        return current
    if assigned:
        _assign(found.variables, *assigned.groups())
        return []
    head, colon, rest = line.partition(":")
    needs, _semicolon, command = rest.lstrip(":").partition(";")
    names = _Values(found.variables, "").expand(head).split() if colon else []
    if names and all(name.startswith(".") for name in names):
        return []  # .PHONY and its like
    is_full = len(names) + len(found.targets) > _MOST_TARGETS
    if not names or is_full or "=" in needs or not all(map(_NAME.fullmatch, names)):
        found.left.append(number)
        return []
    current = []
    for name in names:
        target = found.targets.setdefault(name, Target(number))
        target.needs += _Values(found.variables, name).expand(needs).replace("|", " ").split()
        target.recipe += [command.strip()] if command.strip() else []
        current.append(target)
    return current


def _assign(variables: dict[str, str], name: str, how: str, value: str) -> None:
    value = value.strip()
    if how == "!=":
        variables.pop(name, None)
    elif how == "+=":
        variables[name] = ("%s %s" % (variables.get(name, ""), value)).strip()
    elif how != "?=" or name not in variables:
        variables[name] = value


def _logical_lines(text: str) -> t.Iterator[tuple[int, str]]:
    """Lines with those that a backslash joins, and the number of the first of them."""
    lines = text.lstrip("\ufeff").replace("\r\n", "\n").split("\n")
    number = 0
    while number < len(lines):
        first, line = number + 1, lines[number]
        number += 1
        parts = [line]
        while parts[-1].endswith("\\") and number < len(lines):
            parts[-1] = parts[-1][:-1]
            parts.append(lines[number].strip())
            number += 1
        yield first, " ".join(parts) if len(parts) > 1 else line


class _Values:
    """Variables with those in them replaced, each once; one that names itself, or grows without end, has no value."""

    def __init__(self, variables: t.Mapping[str, str], target: str) -> None:
        self._variables, self._target = variables, target
        self._known: dict[str, str] = {}

    def expand(self, text: str) -> str:
        return _REFERENCE.sub(self._value, text)

    def _value(self, match: re.Match[str]) -> str:
        if match.group() in ("$$", "$@"):
            return "$" if match.group() == "$$" else self._target
        name = (match.group(1) or match.group(2) or "").strip()
        if name not in self._known:
            self._known[name] = UNKNOWN
            if name in self._variables and len(self._known) < 100:
                value = self.expand(self._variables[name])
                self._known[name] = value if len(value) <= _LONGEST_VALUE else UNKNOWN
        return self._known[name]
