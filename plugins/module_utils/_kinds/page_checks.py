# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds whose apps the gate opens as a person would: one row each."""

from __future__ import annotations

from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.base import Settings
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.page_check import PageCheck
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit.kind import NAME as STREAMLIT
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit.visitor import PAGE_CHECK

PAGE_CHECKS: dict[str, PageCheck] = {STREAMLIT: PAGE_CHECK}


def page_check_of(entry: Settings) -> PageCheck | None:
    """How the page of an app is checked; None for a kind without.

    :param entry: of the catalog
    """
    return PAGE_CHECKS.get(entry["kind"])
