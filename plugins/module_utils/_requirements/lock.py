# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an app's ``uv.lock`` says, and the one that uv gets instead.

uv makes a list of pinned packages with hashes of it, and the host's index serves them. So what is taken is names,
versions, edges, conditions and hashes. Addresses are not: every index is written as one and the same, every file as its
hash below an address that does not exist.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import FileReport, show
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.toml import TomlError, parse_toml
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.toml_writer import to_toml_document
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.grammar import (
    HASHES_IN_WORDS,
    RequirementError,
    parse_hash,
    parse_marker,
    parse_name,
    parse_specifiers,
    parse_version,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.line import MOST_FAULTS, shown
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.project import PROJECT_VERSION

Table = dict[str, t.Any]

_NOWHERE = "https://index.invalid"
_INDEX = {"registry": _NOWHERE + "/simple"}
_ITSELF = {"virtual": "."}
_ADDRESS = re.compile(r"https?://\S+")
_MOST = 20_000

# What a lock may hold. The second line of each is left out: it is there to resolve anew, or for who develops the app.
_OF_LOCK = {
    *("version", "requires-python", "resolution-markers", "package"),
    *("revision", "supported-markers", "required-markers", "options", "manifest"),
}
_OF_PACKAGE = {
    *("name", "version", "source", "resolution-markers", "dependencies", "optional-dependencies", "sdist", "wheels"),
    *("dev-dependencies", "metadata"),
}
_OF_EDGE = {"name", "version", "source", "extra", "marker"}
_OF_FILE = {
    *("url", "hash"),
    *("filename", "size", "upload-time", "zstd"),
}


class _NotTakenError(Exception):
    """Something of a lock is not taken.

    :param key: where it is
    :param value: what is there
    """

    def __init__(self, key: str, message: str, value: object, allowed: str = "") -> None:
        super().__init__(message)
        self.key = key
        self.value = value
        self.allowed = allowed


def rewritten_lock(text: str, project: str, report: FileReport) -> str:
    """A lock that says the same, written by us; what is wrong goes into the report.

    :param project: the name in ``pyproject.toml``
    """
    try:
        document = parse_toml(text)
    except TomlError as error:
        report.error("", str(error))
        return ""
    return _Lock(project, report).read(document)


class _Lock:
    """Reads one lock."""

    def __init__(self, project: str, report: FileReport) -> None:
        self._project = project
        self._report = report

    def read(self, document: Table) -> str:
        written: Table = {"version": 1, "requires-python": ""}
        try:
            _known(document, "", _OF_LOCK)
            if document.get("version") != 1 or isinstance(document["version"], bool):
                raise _NotTakenError("version", "is not known", document.get("version"), "1")
            written["requires-python"] = _text(document, "", "requires-python", _specifiers)
            _markers(document, "", written)
            self._refuse_workspace(document)
        except _NotTakenError as error:
            self._tell(error)
        written["package"] = self._packages(document)
        return to_toml_document(written)

    def _tell(self, error: _NotTakenError) -> None:
        value = "" if error.value is None else show(error.value)
        if isinstance(error.value, str):
            value = shown(error.value)
        self._report.error(error.key, str(error), value, error.allowed)

    def _refuse_workspace(self, document: Table) -> None:
        manifest = document.get("manifest")
        members = manifest.get("members") if isinstance(manifest, dict) else None
        if members and members != [self._project]:
            raise _NotTakenError("manifest.members", "is a workspace: an app is one project", members)

    def _packages(self, document: Table) -> list[Table]:
        found: list[Table] = []
        faults = 0
        seen = set()
        try:
            packages = _tables(document, "", "package")
        except _NotTakenError as error:
            self._tell(error)
            packages = []
        for number, package in enumerate(packages, 1):
            key = "package %s" % (show(package["name"]) if isinstance(package.get("name"), str) else number)
            try:
                written = self._package(package, key)
                identity = (written["name"], written["version"])
                if identity in seen:
                    raise _NotTakenError(key, "is there twice", written["version"])
                seen.add(identity)
                found.append(written)
            except _NotTakenError as error:
                self._tell(error)
                faults += 1
                if faults >= MOST_FAULTS:
                    self._report.error("", "what follows is not looked at")
                    break
        if self._project and not faults and not any(each["source"] == _ITSELF for each in found):
            self._report.error(
                "package", "does not hold the project itself: make the lock anew (uv lock)", show(self._project)
            )
        return found

    def _package(self, package: Table, key: str) -> Table:
        _known(package, key, _OF_PACKAGE)
        name = _text(package, key, "name", parse_name)
        if name == self._project:
            self._check_itself(package.get("source"), key + " source")
            written: Table = {"name": name, "version": PROJECT_VERSION, "source": _ITSELF}
        else:
            _check_index(package.get("source"), key + " source")
            written = {"name": name, "version": _text(package, key, "version", _version), "source": _INDEX}
            _files(package, key, written)
            optional = package.get("optional-dependencies", {})
            if not isinstance(optional, dict):
                raise _NotTakenError(key + " optional-dependencies", "is no table", optional)
            extras = {_name(extra, key): self._edges(optional, key, extra) for extra in optional}
            if extras:
                written["optional-dependencies"] = extras
        _markers(package, key, written)
        written["dependencies"] = self._edges(package, key, "dependencies")
        return written

    def _check_itself(self, source: object, key: str) -> None:
        if source not in ({"virtual": "."}, {"editable": "."}):
            raise _NotTakenError(
                key, "is not the app's folder, although the package has its name", _said(source), '{ virtual = "." }'
            )

    def _edges(self, table: Table, key: str, name: str) -> list[Table]:
        return [self._edge(edge, "%s %s" % (key, name)) for edge in _tables(table, key, name)]

    def _edge(self, edge: Table, key: str) -> Table:
        _known(edge, key, _OF_EDGE)
        written: Table = {"name": _text(edge, key, "name", parse_name)}
        itself = written["name"] == self._project
        if "version" in edge:
            written["version"] = PROJECT_VERSION if itself else _text(edge, key, "version", parse_version)
        if "source" in edge:
            if itself:
                self._check_itself(edge["source"], key + " source")
            else:
                _check_index(edge["source"], key + " source")
            written["source"] = _ITSELF if itself else _INDEX
        extras = edge.get("extra", [])
        if not isinstance(extras, list):
            raise _NotTakenError(key + " extra", "is no array", extras)
        if extras:
            written["extra"] = [_name(extra, key + " extra") for extra in extras]
        if "marker" in edge:
            written["marker"] = _text(edge, key, "marker", parse_marker)
        return written


def _files(package: Table, key: str, written: Table) -> None:
    """The hashes of what can be installed of a package; the files' names are ours, and say what uv wants to read."""
    stem = "%s/%s-%s" % (_NOWHERE, written["name"].replace("-", "_"), written["version"])
    if "sdist" in package:
        written["sdist"] = {"url": stem + ".tar.gz", "hash": _hash(package["sdist"], key + " sdist")}
    hashes = [_hash(wheel, key + " wheels") for wheel in _tables(package, key, "wheels")]
    if hashes:
        written["wheels"] = [
            {"url": "%s-%d-py3-none-any.whl" % (stem, number), "hash": each} for number, each in enumerate(hashes)
        ]
    if not hashes and "sdist" not in package:
        raise _NotTakenError(key, "has neither wheels nor sdist", {}, "a package of an index")


def _hash(file: object, key: str) -> str:
    if not isinstance(file, dict):
        raise _NotTakenError(key, "is no table", file)
    _known(file, key, _OF_FILE)
    if "url" in file:
        _text(file, key, "url", _address)
    return _text(file, key, "hash", parse_hash)


def _address(url: str) -> str:
    if not _ADDRESS.fullmatch(url):
        raise RequirementError("is not the address of a file of an index")
    return url


def _version(text: str) -> str:
    """As uv writes it, which a file's name can hold."""
    if "-" in text:
        raise RequirementError("is not a version as uv writes it")
    return parse_version(text)


def _check_index(source: object, key: str) -> None:
    if (
        not isinstance(source, dict)
        or set(source) != {"registry"}
        or not isinstance(source["registry"], str)
        or not _ADDRESS.fullmatch(source["registry"])
    ):
        raise _NotTakenError(
            key,
            "is not an index: only packages of an index are taken",
            _said(source),
            'source = { registry = "https://…" }',
        )


def _said(source: object) -> str:
    """A source in words, as it may stand there."""
    if not isinstance(source, dict):
        return "nothing" if source is None else str(source)
    return ", ".join("%s = %s" % item for item in source.items())


def _known(table: Table, key: str, keys: set[str]) -> None:
    for name in table:
        if name not in keys:
            raise _NotTakenError(
                ("%s %s" % (key, name)).strip(), "is not known here", table[name], ", ".join(sorted(keys))
            )


def _tables(table: Table, key: str, name: str) -> list[Table]:
    found = table.get(name, [])
    if not isinstance(found, list) or len(found) > _MOST or not all(isinstance(each, dict) for each in found):
        raise _NotTakenError(("%s %s" % (key, name)).strip(), "is no array of at most %d tables" % _MOST, found)
    return found


def _text(table: Table, key: str, name: str, parse: t.Callable[[str], str]) -> str:
    """A text of a table, as it is written again."""
    value = table.get(name)
    place = ("%s %s" % (key, name)).strip()
    if not isinstance(value, str):
        raise _NotTakenError(place, "is no text", value)
    try:
        return parse(value)
    except RequirementError as error:
        allowed = HASHES_IN_WORDS if name == "hash" else ""
        raise _NotTakenError(place, str(error), value, allowed) from None


def _name(value: object, key: str) -> str:
    return _text({"": value}, key, "", parse_name)


def _specifiers(text: str) -> str:
    return ",".join(parse_specifiers(text))


def _markers(table: Table, key: str, written: Table) -> None:
    name = "resolution-markers"
    if name not in table:
        return
    markers = table[name]
    if not isinstance(markers, list):
        raise _NotTakenError(("%s %s" % (key, name)).strip(), "is no array", markers)
    written[name] = [_text({name: marker}, key, name, parse_marker) for marker in markers]
