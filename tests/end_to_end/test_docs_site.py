# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation as readers have it: on a narrow screen, in the dark, and by its search."""

from __future__ import annotations

import contextlib
import functools
import http.server
import os
import subprocess
import sys
import threading
import typing as t
from pathlib import Path

import pytest
from helpers.checkout import CHECKOUT
from playwright.sync_api import Browser, Page, ViewportSize, expect

NARROW: ViewportSize = {"width": 360, "height": 740}

# What is wider than the screen, or has more in it than it shows.
_TOO_WIDE = """() => {
  const page = document.scrollingElement;
  const wide = page.scrollWidth > page.clientWidth ? ["the page"] : [];
  document.querySelectorAll(".md-typeset table").forEach((table, number) => {
    const box = table.getBoundingClientRect();
    if (box.left < 0 || box.right > page.clientWidth || table.scrollWidth > table.clientWidth + 1)
      wide.push(`table ${number}: ${box.left} to ${box.right}, ${table.scrollWidth} in ${table.clientWidth}`);
  });
  return wide;
}"""
_LIGHT = """() => {
  const [r, g, b] = getComputedStyle(document.body).backgroundColor.match(/[0-9.]+/g).map(Number);
  return (0.3 * r + 0.6 * g + 0.1 * b) / 255;
}"""


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: t.Any) -> None:
        """Nothing."""


class Site(t.NamedTuple):
    folder: Path
    url: str

    def pages(self) -> list[str]:
        """The URLs of all pages."""
        found = sorted(self.folder.rglob("index.html"))
        return [self.url + str(page.parent.relative_to(self.folder)).replace(".", "") for page in found]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Site]:
    """Built as ``make docs`` does it, and served."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(folder)]
    subprocess.run(command, cwd=CHECKOUT, check=True, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Site(folder, "http://127.0.0.1:%d/" % server.server_address[1])
        server.shutdown()


@contextlib.contextmanager
def reading(browser: Browser, **options: t.Any) -> t.Iterator[Page]:
    with contextlib.closing(browser.new_context(**options)) as context:
        yield context.new_page()


def test_a_narrow_screen_shows_tables_whole(browser: Browser, site: Site) -> None:
    """At 360 pixels nothing is wider than the screen, on any page."""
    wide: dict[str, list[str]] = {}
    tables = 0
    with reading(browser, viewport=NARROW) as page:
        for url in site.pages():
            page.goto(url)
            tables += page.locator(".md-typeset table").count()
            found = page.evaluate(_TOO_WIDE)
            if found:
                wide[url] = found
    assert wide == {}
    assert tables


def test_a_narrow_screen_says_of_each_cell_what_its_column_is(browser: Browser, site: Site) -> None:
    """A wide one has the heads of the columns for that."""
    label = "getComputedStyle(document.querySelector('.md-typeset td:nth-child(2)'), '::before').content"
    url = site.url + "reference/playbooks/"
    with reading(browser, viewport=NARROW) as page:
        page.goto(url)
        assert page.evaluate(label) == '"by full name: "'
        expect(page.locator(".md-typeset thead").first).to_be_hidden()
    with reading(browser) as page:
        page.goto(url)
        assert page.evaluate(label) == "none"
        expect(page.locator(".md-typeset thead").first).to_be_visible()


@pytest.mark.parametrize(("scheme", "is_dark"), [("dark", True), ("light", False)])
def test_the_page_is_as_dark_as_the_readers_system(browser: Browser, site: Site, scheme: str, is_dark: bool) -> None:
    with reading(browser, color_scheme=scheme) as page:
        page.goto(site.url)
        assert (page.evaluate(_LIGHT) < 0.3) == is_dark


@pytest.mark.parametrize(
    ("word", "wanted"),
    [
        ("rollback", "how-to/update-an-app/#go-back-rollback"),
        ("authentication", "how-to/secrets/#login-and-authentication"),
        ("unavailable", "troubleshooting/#an-app-is-unavailable-503"),
        ("reloaded", "troubleshooting/#a-page-has-reloaded-itself"),
    ],
)
def test_the_search_finds_the_right_page_first(browser: Browser, site: Site, word: str, wanted: str) -> None:
    with reading(browser) as page:
        page.goto(site.url)
        page.locator("input[name=query]").click()
        page.locator("input[name=query]").press_sequentially(word)
        first = page.locator(".md-search-result__item").first
        expect(first).to_be_visible()
        found = [str(link.get_attribute("href")).removeprefix(site.url) for link in first.locator("a").all()]
    assert wanted in found
