# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release that is tried out in a browser before it goes live, at an address of its own."""

from __future__ import annotations

import contextlib
import os
import re
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy import preview_end as _preview_end
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.run import Preview
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.lock import host_lock
from helpers.browser import Tab
from helpers.fronts import Front, entry
from helpers.serving_host import ServingHost

SCRIPT = """\
import streamlit as st

st.write("This is version %d")
if st.button("Count"):
    st.session_state.clicks = st.session_state.get("clicks", 0) + 1
st.write(f"Clicks: {st.session_state.get('clicks', 0)}")
"""


@pytest.fixture(name="serving")
def _serving() -> t.Iterator[ServingHost]:
    with contextlib.closing(ServingHost()) as host:
        os.chmod(host.root, 0o755)
        yield host


def release(host: ServingHost, name: str, number: int, streamlit: str) -> None:
    """An app of two pages."""
    made = host.release(name, SCRIPT % number, streamlit)
    pages = Path(host.layout.app(name).release(made), "code", "pages")
    pages.mkdir(exist_ok=True)
    (pages / "second.py").write_text("import streamlit as st\n\nst.write('Second page of version %d')\n" % number)


@pytest.mark.parametrize("streamlit", ["1.41.1", "1.67.0"])
@pytest.mark.parametrize("server", ["nginx", "caddy"])
def test_a_person_tries_a_release_out_and_its_tab_goes_to_the_app_in_the_end(
    serving: ServingHost, tab: Tab, server: str, streamlit: str
) -> None:
    """State, the way to another page, and a reload stay with what is tried out; then the tab reloads itself."""
    name = serving.add_app("look", base_path="/look")
    release(serving, name, 1, streamlit)
    assert serving.deploy().results[name]["note"] == "live"
    front = Front(server, [entry(name, "/look")], root=serving.root).start()
    try:
        release(serving, name, 2, streamlit)
        address = "http://127.0.0.1:%d" % front.port
        shown = address + serving.deploy(preview=Preview()).results[name]["preview"]
        tab.open(shown).sees("This is version 2")
        tab.count_to(2)
        tab.page.get_by_role("link", name="second").click()
        tab.sees("Second page of version 2")
        assert tab.page.url == shown + "second"
        assert tab.documents == [shown]
        tab.page.reload()
        tab.sees("Second page of version 2")
        with host_lock(serving.layout.lock, 60, "tests"):
            assert _preview_end.discard(serving.run(), [name]).changed
        tab.sees("Second page of version 1")
        assert tab.page.url == address + "/look/second"
        assert all(re.search(r"/~/[0-9a-f]{32}", stream) for stream in tab.streams)
    finally:
        front.close()
