# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The image without root that the scenario rootless builds, and how a careful person runs it."""

from __future__ import annotations

IMAGE = "pyapps-rootless-prod"
CONTAINER = "pyapps-rootless-one"
VOLUME = "pyapps-rootless-apps"
LEAN = [
    *("--read-only", "--security-opt=no-new-privileges", "--cap-drop=ALL"),
    *("--tmpfs=/tmp", "--tmpfs=/opt/pyapps/run:uid=10001"),
    *("--volume=%s:/opt/pyapps/srv/pyapps/apps" % VOLUME, "--volume=/opt/pyapps/var/log/pyapps"),
    "--volume=/opt/pyapps/srv/pyapps/caddy",
]
"""docs/how-to/container.md has them."""
