# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds whose instances have a page that keeps tabs at an instance: one row each."""

from __future__ import annotations

import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.base import Settings
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit.assets import write_page
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit.kind import NAME as STREAMLIT

Page = t.Callable[[Layout, Settings, "str | None", str, int, bool], "str | None"]
"""For (layout, settings, assets, instance, port, preview), the page of one instance, whose tabs stay with it.

``assets`` is the name of its release's folder in the assets store, None for a release without; with ``preview`` it is
the page below the pin, for who tries the instance out before it is live. None when the app is served without a page.
``KindError`` when the folder is not whole, or the page in it cannot be pinned.
"""

PAGES: dict[str, Page] = {STREAMLIT: write_page}


def page_of(
    layout: Layout, entry: Settings, assets: str | None, instance: str, port: int, preview: bool = False
) -> str | None:
    """The page of an instance, for its marker; None for a kind without (see :data:`Page`).

    :param entry: of the catalog
    :raises KindError: the page cannot be written
    """
    page = PAGES.get(entry["kind"])
    return page(layout, entry, assets, instance, port, preview) if page else None
