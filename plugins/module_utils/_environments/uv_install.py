# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Installing uv from its wheel, or taking one that is there."""

from __future__ import annotations

import os
import re
import typing as t
from dataclasses import dataclass

from ansible_collections.selfhost.pyapps.plugins.module_utils._environments import python as pythons
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.uv import (
    Sources,
    advice,
    condense,
    without_credentials,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import files as _files, unprivileged as process
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.unprivileged import (
    EnvironmentFailedError,
    Outcome,
)

VERSION = "0.13.8"
"""Of the wheel that is installed, unless another one is asked for."""

_ANSWER = re.compile(r"uv ([0-9]+\.[0-9]+\.[0-9]+\S*)")
_LONG_LINE = re.compile(r"(.{400}).+")  # pip lists every version that it knows
_ASK_SECONDS = 20.0
_INSTALL_SECONDS = 600.0


@dataclass(frozen=True)
class Installer:
    """Brings uv to ``Layout.uv``.

    :ivar version: exact version for the wheel
    :ivar binary: an existing uv to take instead
    """

    layout: Layout
    sources: Sources
    version: str
    binary: str | None

    def is_done(self) -> bool:
        """Whether the right uv is there."""
        if self.binary is not None:
            return os.path.islink(self.layout.uv) and os.readlink(self.layout.uv) == self.binary
        return not os.path.islink(self.layout.uv) and self._installed() == self.version

    def describe(self) -> str | None:
        """What is there, in a line for a diff."""
        version = self._installed()
        if version is None:
            return None
        link = " -> " + os.readlink(self.layout.uv) if os.path.islink(self.layout.uv) else ""
        return "uv %s%s\n" % (version, link)

    def check_binary(self) -> str:
        """The version of the given binary.

        :raises EnvironmentFailedError: it is missing, no uv, or closed to the users that have to run it
        """
        binary = self.binary or ""
        closed = process.closed_folder(binary) if process.probe_user() else None
        version = None if closed else _version(binary)
        if version is None:
            why = "%s is closed to other users" % closed if closed else "it does not answer `uv --version`"
            raise EnvironmentFailedError("binary %s cannot be used: %s" % (binary, why))
        return version

    def install(self) -> None:
        """Put it in place, beside first; the old one is exchanged when the new one works.

        :raises EnvironmentFailedError: it cannot be installed; what was there is untouched
        """
        home = os.path.dirname(os.path.dirname(self.layout.uv))
        for folder in (self.layout.srv, self.layout.tools):
            if not os.path.isdir(folder):
                _files.make_folder(folder)
        _files.remove_parts(self.layout.tools)
        part = _files.part_path(home)
        try:
            if self.binary is not None:
                os.makedirs(os.path.join(part, "bin"))
                os.symlink(self.binary, os.path.join(part, "bin", "uv"))
            else:
                self._install_wheel(part)
            _files.put_in_place(part, home)
        finally:
            _files.force_remove(part)

    def _installed(self) -> str | None:
        return _version(self.layout.uv) if os.path.exists(self.layout.uv) else None

    def _install_wheel(self, part: str) -> None:
        python = pythons.find_python(pythons.default_python())
        outcome = self._run([python.path, "-I", "-m", "venv", part], {})
        if outcome.rc:
            if "ensurepip" in outcome.out + outcome.err or "No module named venv" in outcome.err:
                minor = ".".join(python.number.split(".")[:2])
                raise EnvironmentFailedError(
                    "%s can make no virtual environments: install the Debian package python3-venv (python%s-venv)"
                    % (python.path, minor)
                )
            raise EnvironmentFailedError("could not make a virtual environment for uv: %s" % outcome.last_lines(3))
        pip = [os.path.join(part, "bin", "python"), "-I", "-m", "pip", "install", "--quiet", "--no-input"]
        pip += ["--disable-pip-version-check", "--no-deps", "--no-compile", "--only-binary", ":all:"]
        pip += [*self.sources.options(), "uv==" + self.version]
        outcome = self._run(pip, self._pip_environment())
        log = _LONG_LINE.sub(r"\1 ...", without_credentials(outcome.last_lines()))
        if outcome.rc:
            cause = condense(log.splitlines()[-1]) if log else "pip ended with exit status %d" % outcome.rc
            raise EnvironmentFailedError("could not install uv %s: %s" % (self.version, cause + advice(log)), log)
        found = _version(os.path.join(part, "bin", "uv"))
        if found != self.version:
            raise EnvironmentFailedError("the installed uv does not work here (it says %s)" % found)

    def _pip_environment(self) -> dict[str, str]:
        """pip's own settings of this host count; what the caller gives goes first, never as an argument."""
        environment = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        environment.update(self.sources.network())
        if self.sources.ca_bundle:
            environment["PIP_CERT"] = self.sources.ca_bundle
        if self.sources.index_url:
            environment["PIP_INDEX_URL"] = self.sources.index_url
        return environment

    def _run(self, command: t.Sequence[str], environment: t.Mapping[str, str]) -> Outcome:
        whole = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": self.layout.tools, **environment}
        outcome = process.run_program(command, whole, "/", _INSTALL_SECONDS, None)
        if outcome.seconds is not None:
            raise EnvironmentFailedError("installing uv took longer than %g s" % outcome.seconds, outcome.last_lines())
        return outcome


def _version(path: str) -> str | None:
    """What a uv says it is; None when it does not run for the user that needs it."""
    try:
        outcome = process.run_program([path, "--version"], {}, "/", _ASK_SECONDS, process.probe_user())
    except OSError:
        return None
    match = _ANSWER.match(outcome.out)
    return match.group(1) if match and not outcome.rc else None
