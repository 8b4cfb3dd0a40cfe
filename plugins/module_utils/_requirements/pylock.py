# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a ``pylock.toml`` (PEP 751) asks for: exact versions, with the hashes of their files."""

from __future__ import annotations

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import FileReport, show
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.toml import TomlError, parse_toml
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.grammar import (
    Requirement,
    RequirementError,
    parse_hash,
    parse_marker,
    parse_name,
    parse_specifiers,
    parse_version,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.line import INDEX_ONLY, MOST_FAULTS
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.listed import MOST, Listed, Table

_OF_PACKAGE = {
    *("name", "version", "marker", "requires-python", "dependencies", "index", "sdist", "wheels"),
    *("attestation-identities", "tool"),
}


def read_pylock(text: str, report: FileReport) -> Listed:
    """What a ``pylock.toml`` asks for; what is wrong goes into the report."""
    try:
        document = parse_toml(text)
    except TomlError as error:
        report.error("", str(error))
        return Listed()
    if document.get("lock-version") != "1.0":
        report.error("lock-version", "is not known here", show(document.get("lock-version")), '"1.0"')
        return Listed()
    packages = document.get("packages")
    if not isinstance(packages, list) or not packages or len(packages) > MOST:
        report.error("packages", "is no array of 1 to %d tables" % MOST)
        return Listed()
    found: list[Requirement] = []
    faults = 0
    for number, package in enumerate(packages, 1):
        try:
            found.append(_requirement(package))
        except RequirementError as error:
            faults += 1
            if faults > MOST_FAULTS:
                report.error("packages", "has more faults, which are not looked at")
                break
            name = package.get("name") if isinstance(package, dict) else None
            report.error("packages %s" % (show(name) if name else number), str(error), allowed=INDEX_ONLY)
    return Listed(tuple(found), (), _python(document, report))


def _requirement(package: object) -> Requirement:
    if not isinstance(package, dict):
        raise RequirementError("is no table")
    unknown = sorted(set(package) - _OF_PACKAGE)
    if unknown:
        raise RequirementError("has %s: only packages of an index are taken" % show(unknown[0]))
    wheels = package.get("wheels", [])
    files = [*(wheels if isinstance(wheels, list) else [wheels]), *([package["sdist"]] if "sdist" in package else [])]
    hashes = tuple(dict.fromkeys(each for file in files for each in _hashes(file)))
    if not hashes:
        raise RequirementError("names no file with a hash")
    marker = _text(package, "marker") if "marker" in package else ""
    return Requirement(
        parse_name(_text(package, "name")),
        (),
        ("==" + parse_version(_text(package, "version")),),
        parse_marker(marker) if marker else "",
        hashes,
    )


def _hashes(file: object) -> list[str]:
    hashes = file.get("hashes") if isinstance(file, dict) else None
    if not isinstance(hashes, dict) or not hashes:
        raise RequirementError("has a file without hashes")
    if "sha256" not in hashes:
        raise RequirementError("has a file without a hash sha256")
    return [parse_hash("sha256:%s" % hashes["sha256"])]


def _text(table: Table, name: str) -> str:
    value = table.get(name)
    if not isinstance(value, str):
        raise RequirementError("has no %s that is a text" % name)
    return value


def _python(document: Table, report: FileReport) -> tuple[str, ...]:
    value = document.get("requires-python", "")
    try:
        if isinstance(value, str):
            return parse_specifiers(value) if value.strip() else ()
    except RequirementError:
        pass
    report.error("requires-python", "is not understood", show(value), 'such as ">=3.9"')
    return ()
