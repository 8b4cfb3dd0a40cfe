# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which versions of Python fulfil conditions such as ``>=3.10`` and ``<3.13``. Pure."""

from __future__ import annotations

import re
import typing as t

_CONDITION = re.compile(r"(===|==|~=|!=|<=|>=|<|>)v?(?:[0-9]+!)?([0-9]+(?:\.[0-9]+)*)[^*]*?(\.\*)?")

Version = tuple[int, ...]


def satisfies(number: str, conditions: t.Iterable[str]) -> bool:
    """Whether a version fulfils every condition.

    :param number: a released version, such as ``3.12.4``, perhaps with the letter of a special build
    :param conditions: as ``parse_specifiers`` writes them; of their versions only the numbers count
    """
    version = _numbers(number.rstrip("td"))
    return all(_fulfils(version, condition) for condition in conditions)


def _fulfils(version: Version, condition: str) -> bool:
    match = _CONDITION.fullmatch(condition)
    if match is None:
        return False
    operator, wanted, wildcard = match[1], _numbers(match[2]), bool(match[3])
    begins = version[: len(wanted)] == wanted
    found, given = _padded(version, wanted)
    if operator == "~=":
        return found >= given and version[: len(wanted) - 1] == wanted[:-1]
    if operator in ("==", "==="):
        return begins if wildcard else found == given
    if operator == "!=":
        return not (begins if wildcard else found == given)
    return {"<": found < given, "<=": found <= given, ">": found > given, ">=": found >= given}[operator]


def _padded(one: Version, other: Version) -> tuple[Version, Version]:
    """Both with as many numbers as the longer one has."""
    length = max(len(one), len(other))
    return one + (0,) * (length - len(one)), other + (0,) * (length - len(other))


def _numbers(text: str) -> Version:
    return tuple(int(part) for part in text.split("."))
