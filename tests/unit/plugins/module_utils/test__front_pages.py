# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages that a front serves itself."""

from __future__ import annotations

import re

from ansible_collections.selfhost.pyapps.plugins.module_utils._front_pages import gallery_page, unavailable_page
from ansible_collections.selfhost.pyapps.plugins.module_utils._front_routes import app_routes
from ansible_collections.selfhost.pyapps.plugins.module_utils._layout import Layout
from helpers.fronts import entry
from hypothesis import given
from hypothesis import strategies as st

LAYOUT = Layout("/srv/a folder")


@given(title=st.text(), owner=st.text())
def test_nothing_in_a_title_or_owner_becomes_markup(title: str, owner: str) -> None:
    """The gallery escapes what people call their apps."""
    page = gallery_page(app_routes(LAYOUT, [entry("app", title=title, owner=owner)]))
    plain = gallery_page(app_routes(LAYOUT, [entry("app", title="x", owner="y")]))
    assert len(re.findall("<", page)) == len(re.findall("<", plain)) - (2 if not owner else 0)


def test_pages_ask_for_nothing_else() -> None:
    """No external resources, and small."""
    for page in (gallery_page(app_routes(LAYOUT, [entry("app")])), unavailable_page(), gallery_page([])):
        assert not re.search(r"""src=|url\(|https?://|href="(?!/app/|data:,)""", page)
        assert len(page) < 4000
        assert '<html lang="en">' in page
        assert "prefers-color-scheme: dark" in page
