# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A page with the widgets whose code Streamlit loads when they are shown, and what a browser sees of it."""

from __future__ import annotations

import contextlib
import re
import typing as t
import urllib.parse

from helpers.browser import PATIENCE, PINNED, Tab
from playwright.sync_api import Browser, Response, Route, TimeoutError as BrowserTimeoutError, expect

SCRIPT = """\
import datetime
import streamlit as st

st.title("Widgets")
rows = {"lat": [48.1, 48.2], "lon": [11.5, 11.6], "n": [1, 2]}
st.dataframe(rows)
st.line_chart(rows)
st.bar_chart(rows)
st.slider("Slider", 0, 10)
st.select_slider("Select", ["a", "b"])
st.date_input("Date", datetime.date(2026, 1, 1))
st.time_input("Time", datetime.time(12, 0))
st.number_input("Number")
st.text_input("Text")
st.text_area("Area")
st.selectbox("Box", ["a", "b"])
st.multiselect("Boxes", ["a", "b"], ["a"])
st.radio("Radio", ["a", "b"])
st.checkbox("Check")
st.color_picker("Color")
st.file_uploader("Upload")
st.download_button("Download", "text")
st.code("print('hello')", language="python")
st.json({"a": {"b": [1, 2]}})
st.latex("x^2")
st.markdown("**bold** :smile: $y$")
st.progress(50)
st.image("data:image/gif;base64,R0lGODlhAQABAAAAACw=")
st.graphviz_chart("digraph { a -> b }")
st.table(rows)
st.map(rows)
sound = "524946462400000057415645666d74201000000001000100401f0000401f0000010008006461746100000000"
st.audio(bytes.fromhex(sound), format="audio/wav")
with st.expander("Expander", expanded=True):
    st.metric("Metric", 1, 2)
st.tabs(["one", "two"])
try:
    import plotly.graph_objects

    st.plotly_chart(plotly.graph_objects.Figure(plotly.graph_objects.Bar(x=[1, 2], y=[3, 4])))
except ImportError:
    pass
for name, more in (("data_editor", [rows]), ("chat_input", []), ("audio_input", ["Sound"]), ("feedback", []),
                   ("pills", ["Pills", ["a", "b"]]), ("toggle", ["Toggle"]), ("status", ["Status"])):
    if hasattr(st, name):
        getattr(st, name)(*more)
st.write("The end")
"""

TROUBLE = re.compile(
    r"Cannot load Streamlit frontend code|Failed to fetch dynamically imported module|Loading (?:CSS )?chunk|"
    r"ChunkLoadError|Unable to preload CSS|Traceback|Something went wrong|Component Error"
)
# The client asks the parents of its base for its process, too; there nobody answers.
_PROBE = re.compile(
    r"/_stcore/(?:health|host-config|allowed-message-origins)$|/(?:healthz|st-allowed-message-origins)$"
)
# Streamlit 1.44 to 1.46 look for a download without its base path, under plain `streamlit run`, too; a click has it.
_LOOKS_ELSEWHERE = re.compile(r"^/media/[0-9a-f]+\.txt$")
_CODE = ("script", "stylesheet")
_ERRORS = {"stException", "stNotification", "stAlert"}
_OTHERS_SERVERS = re.compile("Mapbox token")
_SETTLED = 1000  # milliseconds without a request
_BUSY = 10_000  # milliseconds
_NAMES = """() => {
    const found = [...document.querySelectorAll("[data-testid]")].map(element => element.dataset.testid);
    return [...new Set(found)].filter(name => /^st[A-Z]/.test(name)).sort();
}"""


class Seen(t.NamedTuple):
    """What a browser has seen: kinds of elements, whatever went wrong, and whether the tab is tied to its process."""

    elements: frozenset[str]
    trouble: list[str]
    pinned: bool


def visit(browser: Browser, url: str) -> Seen:
    """Open the page, wait until all of it is there, and look."""
    tab, trouble = Tab(browser), list[str]()
    host = urllib.parse.urlsplit(url).netloc

    def note(response: Response) -> None:
        path = urllib.parse.urlsplit(response.url).path
        kind = response.headers.get("content-type", "")
        expected = _PROBE.search(path) or _LOOKS_ELSEWHERE.search(path)
        if response.status >= 400 and not (expected and response.status in (403, 404)):
            trouble.append("%d for %s" % (response.status, path))
        if response.request.resource_type in _CODE and kind.startswith("text/html"):
            trouble.append("a page for %s" % path)

    def only_ours(route: Route) -> None:
        """Maps, telemetry and the like are others' servers."""
        if urllib.parse.urlsplit(route.request.url).netloc == host:
            route.continue_()
        else:
            route.abort()

    try:
        tab.page.route(re.compile("^https?://"), only_ours)
        tab.page.on("response", note)
        tab.open(url)
        tab.page.get_by_text("The end", exact=True).wait_for(timeout=PATIENCE)
        expect(tab.page.get_by_test_id("stSkeleton")).to_have_count(0)
        with contextlib.suppress(BrowserTimeoutError):  # an answer that no script reads (Streamlit 1.44) never ends
            tab.page.wait_for_load_state("networkidle", timeout=_BUSY)
        tab.page.wait_for_timeout(_SETTLED)
        text = tab.page.inner_text("body")
        trouble += sorted(set(TROUBLE.findall(text)))
        trouble += [error for error in tab.errors if TROUBLE.search(error)]
        elements = frozenset(tab.page.evaluate(_NAMES))
        told = [tab.page.get_by_test_id(kind).first.inner_text()[:200] for kind in sorted(_ERRORS & elements)]
        trouble += [error for error in told if not _OTHERS_SERVERS.search(error)]
        return Seen(elements, trouble, any(PINNED.search(stream) for stream in tab.streams))
    finally:
        tab.close()
