# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kind of the tests' own: a script that serves plain HTTP, on a port or on a socket. Hosts of tests get this file."""

from __future__ import annotations

from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.base import Kind, below_base

PLAIN = Kind(
    name="plain",
    start_command=lambda settings, python, endpoint: [
        *(python, settings["plain"]["script"]),
        *(str(endpoint.port or ""), endpoint.path),
    ],
    health_path=below_base("/health"),
    health_body="well",
    entry_file=lambda settings: str(settings["plain"]["script"]),
    process_keys=("script",),
    stop_signal="INT",
)
