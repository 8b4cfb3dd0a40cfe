# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's packages that apps name in their ``packages.txt``: which a host has, and what is said of the others."""

from __future__ import annotations

import os
import re
import shutil
import typing as t

PACKAGES = "packages.txt"
MOST = 200

# Debian's names, but none that ends in "-": apt reads that as a wish to remove the package without it.
_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]{0,126}[a-z0-9+.]")

App = t.Mapping[str, t.Any]
Run = t.Callable[[t.Sequence[str]], tuple[int, str, str]]
"""Runs a command; its exit status, output and errors."""


def is_name(word: str) -> bool:
    """Whether a word can be the name of a package, and is nothing else to apt."""
    return _NAME.fullmatch(word) is not None


def names_of(app: App) -> list[str]:
    """The packages that an entry of the catalog names; entries of earlier versions name none."""
    return [name for name in app.get("debian_packages") or [] if is_name(name)]


def file_of(app: App) -> str:
    return os.path.join(app["folder"], PACKAGES)


def installed(run: Run) -> set[str] | None:
    """Names of the packages that this host has; None where there is no dpkg."""
    program = shutil.which("dpkg-query", path="/usr/bin:/bin")
    if program is None:
        return None
    _rc, out, _err = run([program, "--show", "--showformat", r"${Package} ${db:Status-Status}\n"])
    return {line.split(" ")[0] for line in out.splitlines() if line.endswith(" installed")}


def notices(apps: t.Iterable[App], installs: bool, run: Run) -> list[str]:
    """What is to be said of packages that are missing, unless this run installs them.

    :param installs: whether the run was asked to
    """
    asking = [app for app in apps if names_of(app)]
    there = installed(run) if asking else None
    as_root = os.geteuid() == 0
    found = []
    for app in asking:
        missing = [name for name in names_of(app) if there is None or name not in there]
        if not missing:
            continue
        lacks = "%s: names Debian's %s, which this host lacks" % (file_of(app), ", ".join(missing))
        command = "apt install %s" % " ".join(missing)
        if there is None:
            found.append("%s: names Debian's %s, and this host is no Debian" % (file_of(app), ", ".join(missing)))
        elif not as_root:
            found.append("%s, and only root can install packages: %s" % (lacks, command))
        elif not installs:
            found.append(
                "%s: set pyapps_apt_packages: true, which installs them, or do it yourself: %s" % (lacks, command)
            )
    return found
