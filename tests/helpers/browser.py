# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Headless Chromium, and what a visitor does in a Streamlit app."""

from __future__ import annotations

import contextlib
import re
import typing as t
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, Request, WebSocket, expect, sync_playwright

CHROMIUM = str(Path(__file__).parents[1] / "tools/chromium")
"""Debian's, deaf to the networks of containers that come and go."""
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 30_000
"""Milliseconds that anything may take to appear, on a busy machine."""

_KEEP_SOCKETS = """
window.testSockets = [];
window.WebSocket = class extends window.WebSocket {
    constructor(...given) { super(...given); window.testSockets.push(this); }
};
"""

PINNED = re.compile(r"/~/[0-9a-f]{32}\.[0-9]+/")

expect.set_options(timeout=PATIENCE)


@contextlib.contextmanager
def chromium() -> t.Iterator[Browser]:
    """Debian's Chromium, without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


class Tab:
    """A browser tab of its own: no other tab shares its cookies or its cache.

    ``documents`` are the URLs of all pages that were loaded, ``streams`` those of the WebSockets,
    ``errors`` the exceptions that no script of a page has caught.
    """

    def __init__(self, browser: Browser) -> None:
        self.context = browser.new_context(accept_downloads=True)
        self.context.add_init_script(_KEEP_SOCKETS)
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.documents: list[str] = []
        self.streams: list[str] = []
        self.errors: list[str] = []
        self.page.on("request", self._note_document)
        self.page.on("websocket", self._note_stream)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _note_document(self, request: Request) -> None:
        if request.is_navigation_request() and request.frame == self.page.main_frame:
            self.documents.append(request.url)

    def _note_stream(self, stream: WebSocket) -> None:
        self.streams.append(stream.url)

    def open(self, url: str) -> Tab:
        self.page.goto(url)
        return self

    def close(self) -> None:
        self.context.close()

    def drop_streams(self) -> None:
        """Close the page's WebSockets, as a network that fails for a moment does."""
        self.page.evaluate("window.testSockets.forEach(socket => socket.close())")

    def sees(self, text: str) -> None:
        """Wait until this is in the app's page.

        :raises AssertionError: it does not come
        """
        expect(self.page.get_by_text(text, exact=True)).to_be_visible()

    def heading(self, text: str) -> None:
        """Wait until this is the page's heading, and the script has ended."""
        expect(self.page.get_by_role("heading", name=text)).to_be_visible()
        expect(self.page.get_by_test_id("stStatusWidget")).to_have_count(0)

    def click(self, label: str) -> None:
        """Click the button with this label."""
        self.page.get_by_role("button", name=label, exact=True).click()

    def count_to(self, clicks: int) -> None:
        """Use the counter that the apps have, from 0."""
        self.sees("Clicks: 0")
        for number in range(1, clicks + 1):
            self.click("Count")
            self.sees("Clicks: %d" % number)

    def sidebar_link(self, name: str) -> Locator:
        """The link to another page of the app."""
        return self.page.get_by_test_id("stSidebarNav").get_by_role("link", name=name)
