# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""As whom cloudflared runs on a host."""

from __future__ import annotations

from ansible_collections.selfhost.pyapps.plugins.module_utils._host.users import NO_HOME, Wanted

USER = "pyapps-cloudflared"
CLOUDFLARED = Wanted(USER, "runs cloudflared", NO_HOME)
