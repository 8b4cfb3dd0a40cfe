# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What gets through where, and cannot be closed there. docs/explanation/safety.md has the same lines."""

from __future__ import annotations

import typing as t

ROOTLESS, DEBIANS = "image without root", "home: Caddy, Debian's supervisor"

OPEN: t.AbstractSet[tuple[str, str]] = {
    # All apps are one user, who is also supervisor's, the front's and the watcher's.
    (ROOTLESS, "an app reads a file of others"),
    (ROOTLESS, "an app lists a folder of others"),
    (ROOTLESS, "an app lists the programs of supervisor"),
    (ROOTLESS, "an app writes outside its data"),
    (ROOTLESS, "an app keeps a file of others by a hard link"),
    (ROOTLESS, "an app reaches into a process of others"),
    (ROOTLESS, "an app connects to a control socket"),
    # Debian's own folder of programs is open to every user.
    (DEBIANS, "an app lists the programs of supervisor"),
    (DEBIANS, "another local user lists the programs of supervisor"),
}
"""(place, attack), as the table of attacks has them."""
