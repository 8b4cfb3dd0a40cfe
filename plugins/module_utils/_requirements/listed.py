# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requirements that stand as tables in files of other tools (Poetry, Pipenv), taken part by part. Pure."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import FileReport, show
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.grammar import (
    Requirement,
    RequirementError,
    parse_marker,
    parse_name,
    parse_specifiers,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.line import (
    INDEX_ONLY,
    MOST_FAULTS,
    checked,
    shown,
)

MOST = 10_000
_LONGEST = 500

_ELSEWHERE = frozenset(("git", "path", "file", "url", "editable", "ref", "hg", "svn"))
_KNOWN = {"version", "extras", "markers", "python", "platform", "optional", "source", "index", "allow-prereleases"}
_PLATFORM = re.compile("[a-z0-9_]{1,40}")
_CARET_OR_TILDE = re.compile(r"[ \t]*(\^|~(?!=))[ \t]*([0-9]{1,18}(?:\.[0-9]{1,18})*)([A-Za-z0-9.+-]*)[ \t]*")
_BARE = re.compile(r"[ \t]*v?[0-9][A-Za-z0-9.+!_-]*(?:\.\*)?[ \t]*")
_BETWEEN = re.compile(r"(?<=[A-Za-z0-9*])[ \t]+(?=[<>=!~^])")

Table = dict[str, t.Any]


@dataclass(frozen=True)
class Listed:
    """What such a file asks for.

    :ivar wanted: the packages
    :ivar limits: what limits the versions of packages, asked for or not
    :ivar python: conditions for Python's version
    """

    wanted: tuple[Requirement, ...] = ()
    limits: tuple[Requirement, ...] = ()
    python: tuple[str, ...] = ()


def version_conditions(text: str) -> tuple[str, ...]:
    """Conditions for a version in the words of Poetry and Pipenv: ``*``, ``^1.2``, ``~1.2``, ``1.2``, ``>=1,<2``.

    :raises RequirementError: it is something else
    """
    if len(text) > _LONGEST:
        raise RequirementError("has a version of more than %d characters" % _LONGEST)
    if text.strip(" \t") in ("*", ""):
        return ()
    if "|" in text:
        raise RequirementError("offers a choice of versions (||), which no index understands: write one range")
    found: list[str] = []
    for part in _BETWEEN.sub(",", text).split(","):
        match = _CARET_OR_TILDE.fullmatch(part)
        if match:
            lower = parse_specifiers(">=" + match[2] + match[3])
            found += [*lower, "<" + _upper(match[1], match[2])]
        else:
            found += parse_specifiers("==" + part.strip(" \t") if _BARE.fullmatch(part) else part)
    return tuple(found)


def _upper(sign: str, version: str) -> str:
    """The first version that is too high: its first number that is not 0, or behind a tilde the second, is another."""
    numbers = [int(part) for part in version.split(".")]
    if sign == "~":
        place = min(1, len(numbers) - 1)
    else:
        place = next((index for index, number in enumerate(numbers) if number), len(numbers) - 1)
    return ".".join(map(str, [*numbers[:place], numbers[place] + 1]))


def read_table(table: object, key: str, report: FileReport) -> list[Requirement]:
    """The packages of a table that gives versions by name; what is wrong goes into the report."""
    if not isinstance(table, dict) or len(table) > MOST:
        report.error(key, "is no table of at most %d packages" % MOST, show(table))
        return []
    found: list[Requirement] = []
    faults = 0
    for name, value in table.items():
        for each in value if isinstance(value, list) and len(value) <= MOST else [value]:
            try:
                requirement = _of_entry(name, each, report)
            except RequirementError as error:
                faults += 1
                if faults > MOST_FAULTS:
                    report.error(key, "has more faults, which are not looked at")
                    return found
                value_shown = shown(each) if isinstance(each, str) else show(each)
                report.error("%s.%s" % (key, show(name).strip('"')), str(error), value_shown, INDEX_ONLY)
                continue
            if requirement:
                found.append(requirement)
    return found


def _of_entry(name: str, value: object, report: FileReport) -> Requirement | None:
    """One package; None where it is optional."""
    if isinstance(value, str):
        value = {"version": value}
    if not isinstance(value, dict):
        raise RequirementError("is neither a version nor a table")
    _check_keys(value)
    if value.get("optional") is True:
        return None
    if value.get("allow-prereleases"):
        report.notice("%s: allow-prereleases has no effect here, name such a version" % show(name))
    extras = value.get("extras", [])
    if not isinstance(extras, list) or not all(isinstance(extra, str) for extra in extras):
        raise RequirementError("has extras that are no array of names")
    return checked(
        Requirement(
            parse_name(name),
            tuple(sorted({parse_name(extra) for extra in extras})),
            version_conditions(_text(value, "version", "*")),
            _marker(value),
        )
    )


def _check_keys(value: Table) -> None:
    if not _ELSEWHERE.isdisjoint(value):
        raise RequirementError("is a path, a URL or a repository: only packages of an index are taken")
    if any(value.get(index, "pypi") not in ("pypi", "PyPI") for index in ("source", "index")):
        raise RequirementError(
            "names an index, which belongs to the host: set pyapps_index_url or pyapps_extra_index_urls"
        )
    unknown = sorted(set(value) - _KNOWN)
    if unknown:
        raise RequirementError("has a key that is not known here: %s" % show(unknown[0]))


def _marker(value: Table) -> str:
    conditions = [parse_marker(value["markers"])] if _text(value, "markers") else []
    conditions += [_python_marker(specifier) for specifier in version_conditions(_text(value, "python"))]
    platform = _text(value, "platform")
    if platform:
        if not _PLATFORM.fullmatch(platform):
            raise RequirementError("has a platform that is not known here")
        conditions.append('sys_platform == "%s"' % platform)
    if len(conditions) < 2:
        return parse_marker(conditions[0]) if conditions else ""
    return parse_marker(" and ".join("(%s)" % each for each in conditions))


def _python_marker(specifier: str) -> str:
    match = re.match("[=~!<>]+", specifier)
    operator = match[0] if match else ""
    return 'python_full_version %s "%s"' % (operator, specifier[len(operator) :])


def _text(table: Table, name: str, default: str = "") -> str:
    value = table.get(name, default)
    if not isinstance(value, str):
        raise RequirementError("has a %s that is no text" % name)
    return value
