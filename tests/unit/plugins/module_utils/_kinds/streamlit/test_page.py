# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pinned page as text; that it works is shown in a browser (tests/end_to_end)."""

from __future__ import annotations

import gzip
import re

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import pin_path
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit.page import (
    PageError,
    pin_script,
    pinned_page,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.serving import ENDS

INDEX = """<!-- licence --><html><head>
<link rel="shortcut icon" href="./favicon.png" /><link rel="service-desc" href="./_stcore/agent/openapi.json" />
<script src="./vendor/bokeh.js"></script><script type="module" src="./static/js/index.x.js"></script></head>
<body><a href="./_stcore/agent/openapi.json">x</a><a href="https://docs.streamlit.io">y</a></body></html>"""
INSTANCE = "0123456789abcdef" * 2


def page(base_path: str = "/app-1", interface: bool = True, index: str = INDEX) -> str:
    return pinned_page(
        index,
        base_path=base_path,
        instance=INSTANCE,
        port=20001,
        assets="streamlit-1.67.0-abc",
        shared={"static", "vendor", "favicon.png"},
        interface=interface,
    )


def test_assets_are_shared_and_everything_else_belongs_to_the_app() -> None:
    """Whatever lies beside Streamlit's page becomes the shared path (1.20 has ``vendor``), the rest the base."""
    found = re.findall(r'(?:src|href)="([^"]+)"', page())
    assert found == [
        "/_pyapps/streamlit/streamlit-1.67.0-abc/favicon.png",
        "/app-1/_stcore/agent/openapi.json",
        "/_pyapps/streamlit/streamlit-1.67.0-abc/vendor/bokeh.js",
        "/_pyapps/streamlit/streamlit-1.67.0-abc/static/js/index.x.js",
        "/app-1/_stcore/agent/openapi.json",
        "https://docs.streamlit.io",
    ]


def test_the_script_comes_before_everything_that_loads() -> None:
    """It is read once, so it is set before the bundle loads; the charset stays within the first bytes."""
    text = page()
    assert text.index("<script>(() => {") < text.index("<link")
    assert text.index('<meta charset="UTF-8" />') < 1024
    assert text.count("<script>(() => {") == 1


def test_the_interface_gets_exactly_its_two_keys() -> None:
    """Without MAIN_PAGE_BASE_URL the address bar shows the pinned path."""
    script = pin_script("/app-1", INSTANCE, 20001, interface=True)
    assert re.findall(r"\b([A-Z_]+_URL):", script) == ["BACKEND_BASE_URL", "MAIN_PAGE_BASE_URL"]
    assert 'base = "/app-1", pinned = "/app-1/~/%s.20001"' % INSTANCE in script


@pytest.mark.parametrize(("interface", "limit", "compressed"), [(True, 7000, 3000), (False, 9700, 3900)])
def test_the_script_stays_small(interface: bool, limit: int, compressed: int) -> None:
    """It is in every page."""
    script = pin_script("/app-1", INSTANCE, 20001, interface)
    assert len(script) < limit
    assert len(gzip.compress(script.encode())) < compressed


@pytest.mark.parametrize("interface", [True, False])
def test_a_preview_has_no_bar_and_asks_for_no_end(interface: bool) -> None:
    """It never drains, so it would ask for nothing."""
    asked = [ENDS in pin_script("/app-1", INSTANCE, 20001, interface, preview) for preview in (False, True)]
    assert asked == [True, False]


def test_an_app_at_the_root() -> None:
    """An empty base gives paths from the root."""
    assert pin_path("", INSTANCE, 20001) == "/~/%s.20001" % INSTANCE
    assert 'href="/_stcore/agent/openapi.json"' in page("")


def test_no_base_path_can_end_the_script() -> None:
    """Bases are validated in the catalog; this holds without it."""
    script = pin_script('/</script><script>alert(1)//"', INSTANCE, 20001, interface=False)
    assert "</script" not in script
    assert '\\"' in script


@pytest.mark.parametrize("index", ["", "<html></html>", "<head></head><head></head>"])
def test_a_page_without_one_head_is_refused(index: str) -> None:
    """Then the app is not served with a page that does nothing."""
    with pytest.raises(PageError, match="exactly one <head>"):
        page(index=index)
