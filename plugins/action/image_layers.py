# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.selfhost.pyapps.plugins.plugin_utils._progress import CountingAction


class ActionModule(CountingAction):
    """Run the module, and show that it still works while it does."""

    step = "image_layers"
    expected = "a first image takes a minute or so"
