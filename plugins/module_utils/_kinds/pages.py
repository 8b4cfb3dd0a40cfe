# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds whose instances have a page that keeps tabs at an instance: one row each."""

from __future__ import annotations

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.base import Page, Settings
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit.assets import write_page
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit.kind import NAME as STREAMLIT

PAGES: dict[str, Page] = {STREAMLIT: write_page}


def page_of(
    layout: Layout, entry: Settings, assets: str | None, instance: str, port: int, preview: bool = False
) -> str | None:
    """The page of an instance, for its marker; None for a kind without (see :class:`Page`).

    :param entry: of the catalog
    :raises KindError: the page cannot be written
    """
    page = PAGES.get(entry["kind"])
    return page(layout, entry, assets, instance, port, preview) if page else None
