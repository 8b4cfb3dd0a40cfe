# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An app in a frame of another page: a real Streamlit, both fronts, a browser."""

from __future__ import annotations

import contextlib
import http.server
import threading
import typing as t

import pytest
from helpers.browser import PATIENCE, Tab, chromium
from helpers.fronts import Front, entry
from helpers.processes import Streamlit, free_port
from playwright.sync_api import Browser, expect

VERSION = "1.67.0"
SCRIPT = """\
import streamlit as st
file = st.file_uploader("File")
st.write("size", file.size if file else 0)
"""
HOST = "apps.localhost"
SAME_SITE, OTHER_SITE, STRANGER = "www." + HOST, "127.0.0.1", "evil.localhost"


class Embedding(http.server.ThreadingHTTPServer):
    """A site whose page shows another page in a frame, under every name of this machine."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", free_port()), _Page)
        self.frame = ""
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def origin(self, host: str) -> str:
        return "http://%s:%d" % (host, self.server_address[1])


class _Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        frame = t.cast(Embedding, self.server).frame
        self.wfile.write(('<iframe width="900" height="600" src="%s"></iframe>' % frame).encode())

    def log_message(self, format: str, *args: t.Any) -> None:
        """Nothing: a test says what it has seen."""


@pytest.fixture(scope="module")
def site() -> t.Iterator[Embedding]:
    site = Embedding()
    yield site
    site.shutdown()
    site.server_close()


@pytest.fixture(scope="module")
def browser() -> t.Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Streamlit]:
    process = Streamlit(tmp_path_factory.mktemp("app"), VERSION, "/app", SCRIPT)
    yield process
    process.close()


@pytest.fixture(scope="module", params=["nginx", "caddy"])
def front(request: pytest.FixtureRequest, site: Embedding, process: Streamlit) -> t.Iterator[Front]:
    allowed = [site.origin(SAME_SITE), site.origin(OTHER_SITE)]
    front = Front(request.param, [entry("app", frame_ancestors=allowed), entry("other")], server_names=(HOST,))
    try:
        front.go_live("app", front.serve_streamlit("app", process.port, VERSION))
        yield front.start()
    finally:
        front.close()


def test_only_the_app_that_says_so_may_be_framed(front: Front, site: Embedding) -> None:
    """Its pages, what its process answers, and what the front answers for it; no other app's, not the gallery."""
    own = "frame-ancestors 'self'"
    for path in ("/app/", "/app/_stcore/health", "/app/~/x", "/app/page?embed=true"):
        policy = front.ask(path).headers["content-security-policy"]
        assert policy == "%s %s %s" % (own, site.origin(SAME_SITE), site.origin(OTHER_SITE))
    for path in ("/", "/other/", "/nothing", "/_pyapps/x"):
        assert front.ask(path).headers["content-security-policy"] == own


@pytest.mark.parametrize("host", [SAME_SITE, OTHER_SITE])
def test_an_app_in_a_frame_works_and_uploads_need_its_cookie(
    front: Front, site: Embedding, browser: Browser, host: str
) -> None:
    """The page of the embedding how-to: a page of the same site can upload, one of another site gets 403."""
    with _opened(front, site, browser, host) as tab:
        frame = tab.page.frame_locator("iframe")
        expect(frame.get_by_text("size 0", exact=True)).to_be_visible()
        file = {"name": "a.txt", "mimeType": "text/plain", "buffer": b"abc"}
        with tab.page.expect_response(lambda response: response.request.method == "PUT") as upload:
            frame.locator("input[type=file]").set_input_files(files=[t.cast(t.Any, file)])
        if host == SAME_SITE:
            expect(frame.get_by_text("size 3", exact=True)).to_be_visible()
        assert upload.value.status == (204 if host == SAME_SITE else 403)


def test_a_page_that_is_not_named_shows_nothing(front: Front, site: Embedding, browser: Browser) -> None:
    with _opened(front, site, browser, STRANGER, refused=True) as tab:
        assert tab.page.frame_locator("iframe").locator("#root").count() == 0
        assert tab.streams == []


@contextlib.contextmanager
def _opened(front: Front, site: Embedding, browser: Browser, host: str, refused: bool = False) -> t.Iterator[Tab]:
    site.frame = "http://%s:%d/app/" % (HOST, front.port)
    tab = Tab(browser)
    try:
        if refused:
            with tab.page.expect_console_message(lambda said: "frame-ancestors" in said.text, timeout=PATIENCE):
                tab.open(site.origin(host))
        else:
            tab.open(site.origin(host))
        yield tab
    finally:
        tab.close()
