# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The step ``packages``: Debian's packages that apps need, installed for all of them at once. Never removes one.

apt reads more into a name than Debian does: ``name-`` removes, ``name+`` installs ``name``, a point may be a pattern.
So it gets only names that its lists have exactly as they are written, and everything is simulated first.
"""

from __future__ import annotations

import os
import time
import typing as t
from dataclasses import dataclass, field, replace

from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import Result, Results
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.debian_packages import (
    App,
    Run,
    file_of,
    installed,
    names_of,
)

STEP = "packages"

_LISTS = "/var/lib/apt/lists"
_FRESH = 3600.0  # seconds
_LOG_LINES = 20
_INSTALL = (
    *("apt-get", "--yes", "--no-install-recommends", "--no-remove"),
    *("-o", "DPkg::Lock::Timeout=120", "-o", "APT::Get::AutomaticRemove=false"),
    *("-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold"),
    "install",
)
_UPDATE = ("apt-get", "-o", "DPkg::Lock::Timeout=120", "-o", "APT::Update::Error-Mode=any", "update")
ENVIRONMENT = {
    "DEBIAN_FRONTEND": "noninteractive",
    "APT_LISTCHANGES_FRONTEND": "none",
    "NEEDRESTART_MODE": "l",
    "LC_ALL": "C.UTF-8",
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
}
"""What apt-get is told: it asks nobody, and dpkg finds its programs."""


@dataclass
class Step:
    """One run of the step.

    :ivar run: runs apt-get and its like, with :data:`ENVIRONMENT`
    :ivar check: change nothing
    :ivar installed: what has been installed, or in check mode would be
    """

    run: Run
    check: bool
    installed: list[str] = field(default_factory=list)

    def work(self, apps: t.Sequence[App]) -> Results:
        """Install what is missing, for every app for which that is possible."""
        results: Results = {app["name"]: Result() for app in apps}
        there = installed(self.run)
        if there is None or os.geteuid() != 0:
            return results  # host_plan has said it
        wanted = {app["name"]: [name for name in names_of(app) if name not in there] for app in apps}
        asking = [app for app in apps if wanted[app["name"]]]
        if not asking:
            return results
        known, problem = self._known(sorted({name for app in asking for name in wanted[app["name"]]}))
        for app in asking:
            unknown = [name for name in wanted[app["name"]] if name not in known]
            if self.check:
                results[app["name"]] = Result(notices=tuple(_foreseen(app, wanted[app["name"]], unknown)))
            elif unknown:
                results[app["name"]] = _unknown(app, unknown, problem)
        going_on = [app for app in asking if results[app["name"]].goes_on]
        if not self.check:
            self._install(going_on, wanted, results)
        for app in going_on:
            if results[app["name"]].goes_on:
                results[app["name"]] = replace(results[app["name"]], changed=True)
                self.installed += [name for name in wanted[app["name"]] if name not in self.installed]
        return results

    def _known(self, names: list[str]) -> tuple[set[str], str]:
        """Which of the names can be installed, and why the lists of packages could not be renewed, or ""."""
        known, problem = self._candidates(names), ""
        if not self.check and (len(known) < len(names) or not _is_fresh()):
            rc, out, err = self.run(_UPDATE)
            if rc:
                problem = " ".join(_log(out, err)[-2:]) or "exit status %d" % rc
            known = self._candidates(names)
        return known, problem

    def _candidates(self, names: list[str]) -> set[str]:
        _rc, out, _err = self.run(["apt-cache", "policy", *names])
        found, name = set(), ""
        for line in out.splitlines():
            if not line.startswith(" "):
                name = line[:-1] if line.endswith(":") else ""
            elif line.strip().startswith("Candidate:") and not line.rstrip().endswith("(none)"):
                found.add(name)
        return found & set(names)

    def _install(self, apps: list[App], wanted: t.Mapping[str, list[str]], results: Results) -> None:
        """Try it first, so that an app whose packages cannot be installed keeps no other from its own."""

        def names(some: t.Iterable[App]) -> list[str]:
            return sorted({name for app in some for name in wanted[app["name"]]})

        if apps and self.run([*_INSTALL, "--simulate", *names(apps)])[0]:
            for app in apps:
                rc, out, err = self.run([*_INSTALL, "--simulate", *names([app])])
                if rc:
                    results[app["name"]] = _refused(app, names([app]), out, err)
        able = [app for app in apps if results[app["name"]].goes_on]
        if not able:
            return
        rc, out, err = self.run([*_INSTALL, *names(able)])
        if rc:
            for app in able:
                results[app["name"]] = _refused(app, names(able), out, err)


def _foreseen(app: App, names: list[str], unknown: list[str]) -> t.Iterator[str]:
    yield "%s: would be installed from Debian: %s" % (file_of(app), " ".join(names))
    if unknown:
        yield "%s: %s: not in this host's lists of packages, which check mode does not renew" % (
            file_of(app),
            ", ".join(unknown),
        )


def _unknown(app: App, names: list[str], problem: str) -> Result:
    reason = "%s names %s, which %s does not have: correct the name, or remove it" % (
        file_of(app),
        ", ".join(names),
        _system(),
    )
    if problem:
        reason += ". Its lists of packages could not be renewed, either: %s" % problem
    return Result().failed(STEP, reason)


def _refused(app: App, names: list[str], out: str, err: str) -> Result:
    log = _log(out, err)
    cause = next((line for line in reversed(log) if line.startswith("E: ")), log[-1] if log else "apt-get failed")
    reason = "%s: apt cannot install %s: %s" % (file_of(app), ", ".join(names), cause)
    return Result().failed(STEP, reason, log)


def _log(out: str, err: str) -> list[str]:
    return (out.strip() + "\n" + err.strip()).strip().splitlines()[-_LOG_LINES:]


def _is_fresh() -> bool:
    try:
        return time.time() - os.stat(_LISTS).st_mtime < _FRESH
    except OSError:
        return False


def _system() -> str:
    """``Debian GNU/Linux 12 (bookworm)``"""
    try:
        with open("/etc/os-release", encoding="utf-8") as file:
            lines = dict(line.rstrip("\n").split("=", 1) for line in file if "=" in line)
    except OSError:
        return "Debian"
    return lines.get("PRETTY_NAME", "Debian").strip('"')
