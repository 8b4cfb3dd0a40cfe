# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which releases of an app a target holds, and which of them serves."""

from __future__ import annotations

import os

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import AppLayout
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_record import RELEASE
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_state import live_instance


def live_release(app: AppLayout) -> str | None:
    """The release that serves, or None."""
    live = live_instance(app)
    return live.record.release if live and live.record else None


def held_releases(app: AppLayout) -> list[str]:
    """The complete releases of an app, the one that was asked for last at the front."""
    try:
        names = [name for name in os.listdir(app.releases) if RELEASE.fullmatch(name)]
    except FileNotFoundError:
        return []
    return sorted(names, key=lambda name: (os.stat(app.release(name)).st_mtime_ns, name), reverse=True)
