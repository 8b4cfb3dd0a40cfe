# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a service of the host runs and will run after a boot, and whether programs are installed. Reads only."""

from __future__ import annotations

import glob
import os
import typing as t

Run = t.Callable[[list[str]], tuple[int, str, str]]
"""``module.run_command``: arguments in; exit status, output and errors out."""


def runs(name: str, manager: str, run: Run) -> bool:
    """Whether a service runs now and is started with the host.

    :param manager: ``systemd`` or ``sysv``
    """
    if manager == "systemd":
        return not run(["systemctl", "is-active", "--quiet", name])[0] and not run(["systemctl", "is-enabled", name])[0]
    starts = glob.glob("/etc/rc[2345].d/S[0-9][0-9]" + glob.escape(name))
    return bool(starts) and not run(["service", name, "status"])[0]


def missing(programs: t.Iterable[str]) -> list[str]:
    """Those of the paths that are no programs."""
    return [path for path in programs if not os.access(path, os.X_OK)]
