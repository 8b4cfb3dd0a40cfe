# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""As whom Caddy runs on a host."""

from __future__ import annotations

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.users import Wanted

USER = "pyapps-caddy"


def caddy_user(layout: Layout) -> Wanted:
    """Caddy's user; without root Caddy has none of its own."""
    return Wanted(USER, "runs Caddy", layout.caddy_home)
