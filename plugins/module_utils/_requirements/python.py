# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Python an app's folder asks for in ``.python-version`` or ``runtime.txt``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import show
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.texts import Texts

PYTHON_VERSION = ".python-version"
RUNTIME = "runtime.txt"

_LONGEST = 100
_VERSION = re.compile(r"(?:(?:cpython|python)[-@]?)?3\.(?P<minor>[0-9]{1,2})(?P<patch>\.[0-9]{1,2})?(?:-dev)?")
_ANOTHER = re.compile(
    r"(?:pypy|graalpy|graalvm|pyston|micropython|miniconda|anaconda|stackless).*|(?:python-?)?2(?:\..*)?"
)
_OLDEST = 9
_SET = 'write the version into setup.toml: [environment] python = "3.12"'


@dataclass(frozen=True)
class PythonWish:
    """What a folder says about Python.

    :ivar version: such as ``3.12``; None where it names none
    :ivar said_by: the file that names it, or else the conditions; or ""
    :ivar conditions: such as ``>=3.10``, for who names no version
    """

    version: str | None = None
    said_by: str = ""
    conditions: tuple[str, ...] = ()


def read_python_version(texts: Texts) -> PythonWish:
    """The version that a file names; what is wrong goes into the report."""
    for name in (PYTHON_VERSION, RUNTIME):
        if texts.exists(name):
            version = _version(texts, name)
            if version:
                return PythonWish(version, name)
    return PythonWish()


def _version(texts: Texts, name: str) -> str | None:
    text = texts.read(name)
    report = texts.report(name)
    lines = [line.strip() for line in (text or "").splitlines()]
    wanted = next((line for line in lines if line and not line.startswith("#")), "")
    match = _VERSION.fullmatch(wanted) if len(wanted) <= _LONGEST else None
    if match is None:
        if _ANOTHER.fullmatch(wanted[:_LONGEST].lower()):
            report.error("", "asks for another Python than CPython 3: remove the file, or " + _SET, show(wanted))
        elif text is not None:
            # Such as the name of an environment of pyenv, which only the author's machine has.
            report.notice("names no version of Python (%s), so it has no effect" % show(wanted[:_LONGEST]))
        return None
    minor = int(match["minor"])
    if minor < _OLDEST:
        report.error("", "asks for Python 3.%d, the oldest here is 3.%d: %s" % (minor, _OLDEST, _SET), show(wanted))
        return None
    version = "3.%d" % minor
    if match["patch"]:
        report.notice(
            "any Python %s is taken: exactly %s needs [environment] python in setup.toml"
            % (version, version + match["patch"])
        )
    return version
