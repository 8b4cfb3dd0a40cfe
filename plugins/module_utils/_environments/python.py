# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Python an environment stands on.

An app asks for a version ("3.12") or takes the host's; here that becomes one interpreter, its exact version and a
proof that users other than root can run it.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import sys
import typing as t
from dataclasses import dataclass

from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.python_range import satisfies
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import unprivileged as process

OLDEST = (3, 9)
_SYSTEM = "/usr/bin/python3"
_VERSION = re.compile(r"[0-9]+\.[0-9]+(\.[0-9]+)?")
_PROGRAM = re.compile(r"python3\.[0-9]{1,3}")
_SECONDS = 20.0
# -I and -S: no site, no .pth file, nothing of a user's; only the interpreter tells about itself.
_QUESTION = """
import importlib.util, json, os, sys, sysconfig
libc = os.confstr("CS_GNU_LIBC_VERSION") if "CS_GNU_LIBC_VERSION" in os.confstr_names else ""
print(json.dumps({
    "version": "%s-%d.%d.%d%s" % ((sys.implementation.name,) + sys.version_info[:3] + (getattr(sys, "abiflags", ""),)),
    "platform": (sysconfig.get_platform() + " " + (libc or "")).strip(),
    "magic": importlib.util.MAGIC_NUMBER.hex(),
    "tag": sys.implementation.cache_tag,
}))
"""


class NoPythonError(Exception):
    """No usable interpreter; the text says what was asked, what is wrong and what to do."""


class MissingPythonError(NoPythonError):
    """This host has none of the version that is asked for; one could be fetched.

    :ivar problem: what was asked and is missing, without what to do
    :ivar version: such as ``3.12``; "" for any
    :ivar conditions: such as ``>=3.10``
    """

    def __init__(self, problem: str, version: str = "", conditions: tuple[str, ...] = ()) -> None:
        program = "python" + ".".join(version.split(".")[:2]) if version else "one that is"
        super().__init__(
            "%s. Here are: %s; Debian itself has one version only. Ask for one of them ([environment] python in the "
            "app's setup.toml, pyapps_python for all apps), have it fetched (pyapps_python_downloads: true), or put %s "
            "into /usr/local/bin." % (problem, here(), program)
        )
        self.problem = problem
        self.version = version
        self.conditions = conditions

    def fits(self, number: str) -> bool:
        """Whether a version such as ``3.12.4`` is what is asked for."""
        return (number + ".").startswith(self.version + "." if self.version else "") and satisfies(
            number, self.conditions
        )


@dataclass(frozen=True)
class Interpreter:
    """One Python of the host.

    :ivar path: its real path, no link
    :ivar version: implementation and full version, ``cpython-3.11.2``
    :ivar platform: machine and C library, ``linux-x86_64 glibc 2.36``: it decides which wheels fit
    :ivar magic: the bytecode's version
    :ivar tag: the bytecode's name, ``cpython-311``
    """

    path: str
    version: str
    platform: str
    magic: str
    tag: str

    @property
    def number(self) -> str:
        """``3.11.2``"""
        return self.version.split("-", 1)[1]


def default_python() -> str:
    """The system's Python where it is new enough, else the one that runs this module (its base, never a venv)."""
    found = re.fullmatch(r"python3\.([0-9]+)", os.path.basename(os.path.realpath(_SYSTEM)))
    if found and (3, int(found.group(1))) >= OLDEST:
        return _SYSTEM
    return os.path.realpath(getattr(sys, "_base_executable", sys.executable))


@functools.cache
def find_python(wanted: str, said_by: str = "") -> Interpreter:
    """The interpreter for what was asked.

    :param wanted: an absolute path, or a version such as ``3.12`` or ``3.12.4``
    :param said_by: the app's file that asks for it; "" for the host
    :raises NoPythonError: there is none that other users can run
    """
    if "/" in wanted:
        return ask(wanted)
    if not _VERSION.fullmatch(wanted):
        raise NoPythonError(
            'python is "%s": give a version such as "3.12" or the absolute path of an interpreter' % wanted
        )
    minor = ".".join(wanted.split(".")[:2])
    problems = []
    for path in _candidates("python" + minor):
        try:
            found = ask(path)
        except NoPythonError as error:
            problems.append(str(error))
            continue
        if found.number == wanted or found.number.startswith(wanted + "."):
            return found
        problems.append("%s is %s" % (path, found.number))
    raise MissingPythonError(
        "Python %s%s is not installed on this host%s"
        % (
            wanted,
            ", which %s asks for," % said_by if said_by else "",
            " (%s)" % "; ".join(problems) if problems else "",
        ),
        version=wanted,
    )


def find_python_for(conditions: tuple[str, ...], default: str, said_by: str = "") -> Interpreter:
    """The default where it fulfils the conditions, else the newest interpreter of the host that does.

    :param conditions: such as ``>=3.10`` and ``<3.13``
    :param default: as in :func:`find_python`
    :param said_by: the app's file that has the conditions
    :raises NoPythonError: there is none that other users can run
    """
    found = find_python(default)
    if satisfies(found.number, conditions):
        return found
    for other in installed():
        if satisfies(other.number, conditions):
            return other
    raise MissingPythonError(
        "no Python of this host is %s, as %s asks" % (",".join(conditions), said_by or "the app"),
        conditions=tuple(conditions),
    )


@functools.cache
def installed() -> tuple[Interpreter, ...]:
    """Every version of the host that all users can run, the newest first; of two with one number the first found."""
    found: dict[str, Interpreter] = {}
    for name in _names():
        for path in _candidates(name):
            with contextlib.suppress(NoPythonError):
                interpreter = ask(path)
                if interpreter.number[-1].isdigit():  # not one without the lock: few wheels are for it
                    found.setdefault(interpreter.number, interpreter)
    return tuple(sorted(found.values(), key=lambda each: [int(part) for part in each.number.split(".")], reverse=True))


def _names() -> list[str]:
    """``python3.12`` and its like, of every folder that is searched."""
    names: set[str] = set()
    for folder in _folders():
        with contextlib.suppress(OSError):
            names.update(name for name in os.listdir(folder) if _PROGRAM.fullmatch(name))
    return sorted(name for name in names if int(name.rpartition(".")[2]) >= OLDEST[1])


def here() -> str:
    """The versions that this host has, for people."""
    return ", ".join(each.number for each in installed()) or "none that every user may run"


def _candidates(name: str) -> t.Iterator[str]:
    for folder in _folders():
        path = os.path.join(folder, name)
        if os.access(path, os.X_OK):
            yield path


def _folders() -> list[str]:
    folders = dict.fromkeys(["/usr/local/bin", "/usr/bin", *os.environ.get("PATH", "").split(os.pathsep)])
    return [folder for folder in folders if os.path.isabs(folder)]


def ask(given: str) -> Interpreter:
    """The interpreter at a path, by its own words.

    :raises NoPythonError: it is none, or other users cannot run it
    """
    path = os.path.realpath(given)
    if not os.path.isfile(path):
        raise NoPythonError("python %s does not exist" % given)
    user = process.probe_user()
    # setpriv(1) starts a program with rights that the program then lacks: ask the folders, not only the program.
    closed = process.closed_folder(path) if user else None
    if closed:
        raise NoPythonError(
            "python %s lies in %s, which only its owner may enter: no app's user could run it. "
            "Use one that everybody may run, such as %s" % (given, closed, _SYSTEM)
        )
    try:
        outcome = process.run_program([path, "-I", "-S", "-c", _QUESTION], {"LC_ALL": "C.UTF-8"}, "/", _SECONDS, user)
    except OSError as error:
        raise NoPythonError("python %s cannot be started: %s" % (given, error.strerror)) from None
    if outcome.rc:
        raise NoPythonError("python %s does not work: %s" % (given, outcome.last_lines(3) or "exit %d" % outcome.rc))
    try:
        return Interpreter(path=path, **json.loads(outcome.out))
    except (ValueError, TypeError):
        raise NoPythonError("%s is not a Python interpreter: it answered %r" % (given, outcome.out[:80])) from None
