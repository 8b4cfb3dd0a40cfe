# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One requirement: a strict grammar of our own, and the one form in which it is written again. Pure.

It knows names, extras, versions, markers and hashes, and nothing that leads to a file, a folder or an address. What it
does not understand is refused. uv gets what :meth:`Requirement.text` writes, never what an app wrote.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, replace

from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.marker import MarkerError, normal_marker

_LONGEST = 10_000  # without hashes
_LONGEST_NAME = 128
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_VERSION = re.compile(
    r"(?P<plain>v?(?:[0-9]{1,18}!)?(?P<release>[0-9]{1,18}(?:\.[0-9]{1,18})*))"
    r"(?:[-_.]?(?:alpha|a|beta|b|preview|pre|c|rc)(?:[-_.]?[0-9]{1,18})?)?"
    r"(?:-[0-9]{1,18}|[-_.]?(?:post|rev|r)(?:[-_.]?[0-9]{1,18})?)?"
    r"(?:[-_.]?dev(?:[-_.]?[0-9]{1,18})?)?"
    r"(?P<local>\+[a-z0-9]+(?:[-_.][a-z0-9]+)*)?",
    re.IGNORECASE | re.ASCII,
)
_SPECIFIER = re.compile(
    r"[ \t]*(?P<operator>===|==|~=|!=|<=|>=|<|>)[ \t]*"
    r"(?P<version>[A-Za-z0-9_!+-]+(?:\.[A-Za-z0-9_!+-]+)*)(?P<any>\.\*)?[ \t]*",
)
_OPTION = re.compile(r"[ \t]--")
_HASH = re.compile(
    r"[ \t]+--hash(?:=|[ \t]+)(?P<algorithm>[A-Za-z0-9]+):(?P<digits>[0-9A-Fa-f]+)(?![^ \t])",
)
_DIGITS = {"sha256": 64, "sha384": 96, "sha512": 128, "blake2b": 128, "md5": 32}
HASHES_IN_WORDS = ", ".join(_DIGITS)


class RequirementError(Exception):
    """It is no requirement that we take; the text says why, as what stands behind a place."""


def normalised(name: str) -> str:
    """A package's name as PyPI compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


@dataclass(frozen=True)
class Requirement:
    """What one line asks for.

    :ivar name: as PyPI compares it
    :ivar extras: the same, sorted
    :ivar specifiers: such as ``==1.41.*`` and ``<2``
    :ivar marker: its condition, or ""
    :ivar hashes: such as ``sha256:`` and 64 digits
    """

    name: str
    extras: tuple[str, ...] = ()
    specifiers: tuple[str, ...] = ()
    marker: str = ""
    hashes: tuple[str, ...] = ()

    @property
    def is_pinned(self) -> bool:
        """Whether it asks for one version."""
        return any(each.startswith("==") and not each.endswith("*") for each in self.specifiers)

    def with_hashes(self, hashes: tuple[str, ...]) -> Requirement:
        return replace(self, hashes=hashes)

    def text(self) -> str:
        """As pip and uv write it: each hash in a line of its own, without a line end at its end."""
        extras = "[%s]" % ",".join(self.extras) if self.extras else ""
        marker = " ; " + self.marker if self.marker else ""
        head = self.name + extras + ",".join(self.specifiers) + marker
        return " \\\n    ".join([head, *("--hash=" + each for each in self.hashes)])


def parse_requirement(line: str) -> Requirement:
    """What a logical line (without comment, without line breaks) asks for.

    :raises RequirementError: it asks for something else, or is not understood
    """
    option = _OPTION.search(line)
    head = line[: option.start()] if option else line
    hashes = _hashes(line, option.start()) if option else ()
    head = head.strip(" \t")
    if len(head) > _LONGEST:
        raise RequirementError("is longer than %d characters" % _LONGEST)
    asked, semicolon, condition = head.partition(";")
    match = _NAME.match(asked)
    if match is None or len(match[0]) > _LONGEST_NAME:
        raise RequirementError("is not a requirement")
    extras, rest = _extras(asked[match.end() :].strip(" \t"))
    if rest.startswith("(") and rest.endswith(")"):
        rest = rest[1:-1]
    return Requirement(
        normalised(match[0]),
        extras,
        parse_specifiers(rest) if rest else (),
        parse_marker(condition) if semicolon else "",
        hashes,
    )


def parse_name(name: str) -> str:
    """The name of a package or an extra, as PyPI compares it.

    :raises RequirementError: it is none
    """
    if len(name) > _LONGEST_NAME or not _NAME.fullmatch(name):
        raise RequirementError("is not a name")
    return normalised(name)


def parse_marker(text: str) -> str:
    """A condition, in its one form.

    :raises RequirementError: it is none, or not understood
    """
    try:
        return normal_marker(text)
    except MarkerError as error:
        raise RequirementError("is not a requirement: its condition %s" % error) from None


def parse_specifiers(text: str) -> tuple[str, ...]:
    """Conditions for a version, with commas between them.

    :raises RequirementError: not that, or a version that does not exist in this place
    """
    found = []
    position = 0
    while position < len(text):
        match = _SPECIFIER.match(text, position)
        if match is None:
            raise RequirementError("is not a requirement")
        found.append(_specifier(match["operator"], match["version"], match["any"] or ""))
        position = match.end()
        if position < len(text):
            if text[position] != ",":
                raise RequirementError("is not a requirement")
            position += 1
    if not found:
        raise RequirementError("is not a requirement")
    return tuple(found)


def parse_version(text: str) -> str:
    """A version of PEP 440, as it is written.

    :raises RequirementError: it is none
    """
    if not _VERSION.fullmatch(text):
        raise RequirementError("is not a version")
    return text


def parse_hash(text: str) -> str:
    """A hash such as ``sha256:`` and its digits, in small letters.

    :raises RequirementError: it is none, or of a kind that is not taken
    """
    algorithm, _colon, digits = text.lower().partition(":")
    if algorithm in _DIGITS and re.fullmatch("[0-9a-f]*", digits) and len(digits) != _DIGITS[algorithm]:
        said = "has a hash with %d digits, and one of %s has %d: copy it again, whole"
        raise RequirementError(said % (len(digits), algorithm, _DIGITS[algorithm]))
    if len(digits) != _DIGITS.get(algorithm) or not re.fullmatch("[0-9a-f]+", digits):
        raise RequirementError("has a hash that is none of %s" % HASHES_IN_WORDS)
    return "%s:%s" % (algorithm, digits)


def _specifier(operator: str, version: str, wildcard: str) -> str:
    match = _VERSION.fullmatch(version)
    if match is None:
        raise RequirementError("is not a requirement: %s is not a version" % (version[:40] + wildcard))
    if wildcard and operator not in ("==", "!="):
        raise RequirementError("is not a requirement: .* goes with == and != only")
    if wildcard and match["plain"] != version:
        raise RequirementError("is not a requirement: .* goes with numbers only, and %s has more" % version[:40])
    if operator == "~=" and "." not in match["release"]:
        raise RequirementError("is not a requirement: ~= wants a version of two numbers or more")
    if match["local"] and operator not in ("==", "!=", "==="):
        raise RequirementError("is not a requirement: a version with + goes with == and != only")
    return operator + version + wildcard


def _extras(text: str) -> tuple[tuple[str, ...], str]:
    """The extras in front of a text, and what is behind them."""
    if not text.startswith("["):
        return (), text
    inner, bracket, rest = text[1:].partition("]")
    if not bracket:
        raise RequirementError("is not a requirement: [ is not closed")
    names = [name.strip(" \t") for name in inner.split(",")] if inner.strip(" \t") else []
    return tuple(sorted({parse_name(name) for name in names})), rest.strip(" \t")


def _hashes(line: str, position: int) -> tuple[str, ...]:
    found = []
    while position < len(line):
        match = _HASH.match(line, position)
        if match is None:
            if line[position:].strip(" \t"):
                raise RequirementError("has an option that is not taken from an app, or something that is not a hash")
            break
        found.append(parse_hash("%s:%s" % (match["algorithm"], match["digits"])))
        position = match.end()
    return tuple(dict.fromkeys(found))


def as_lines(requirements: t.Iterable[Requirement]) -> str:
    """A text for uv: each requirement once, in their order."""
    return "".join(each.text() + "\n" for each in dict.fromkeys(requirements))
