# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.selfhost.pyapps.plugins.plugin_utils._progress import ProgressAction


class ActionModule(ProgressAction):
    """Run the module, and show what it is doing while it does."""

    step = "environments"
    expected = "new packages take a minute or two, once: they are fetched, unpacked and compiled"
