# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages that a front serves itself, as a browser shows them: narrow and wide, light and dark, without a mouse."""

from __future__ import annotations

import os
import typing as t

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import away_page as _away_page
from helpers.browser import chromium
from helpers.fronts import Front, entry
from helpers.processes import Echo
from playwright.sync_api import Browser, Page, ViewportSize, expect

LONG = "A title of " + "two hundred letters and no end " * 6 + "x" * 40
APPS = [
    entry("one", title="Sales"),
    entry("two", title="Sales", owner="Ann"),
    entry("long", title=LONG, owner="The " + "department of long names " * 6),
    entry("zoo", title="Zoo"),
    entry("aerger", title="Ärger"),
    entry("b", title="Budget 2"),
]
PAGES = {
    "/": "Apps",
    "/nothing/here": "There is no app at this address",
    "/one/": "Sales",
    "/two/": "Sales",
    "/long/": LONG,
}
LEAST_CONTRAST = 4.5  # WCAG 2.2, 1.4.3

# Contrast of each text with what is behind it.
_CONTRASTS = """() => {
  const light = color => {
    const parts = color.match(/[0-9.]+/g).slice(0, 3).map(part => part / 255)
      .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  };
  const behind = element => {
    const color = getComputedStyle(element).backgroundColor;
    return color === "rgba(0, 0, 0, 0)" ? behind(element.parentElement) : color;
  };
  return [...document.querySelectorAll("h1, h2, p, small, a, code, time")].map(element => {
    const both = [light(getComputedStyle(element).color), light(behind(element))].sort((a, b) => b - a);
    return (both[0] + 0.05) / (both[1] + 0.05);
  });
}"""


@pytest.fixture(scope="module")
def front() -> t.Iterator[Front]:
    """``one`` has been stopped, ``two`` has never been live, ``long`` does not answer."""
    echo = Echo()
    front = Front("nginx", APPS)
    try:
        for name in ("one", "long"):
            front.go_live(name, front.serve(name, echo.port, "<h1>The app</h1>"))
        _away_page.set_down(front.layout, front.layout.app("one"), _away_page.STOPPED)
        _away_page.set_down(front.layout, front.layout.app("long"), _away_page.DOES_NOT_ANSWER)
        yield front.start()
    finally:
        front.close()
        echo.close()


@pytest.fixture(scope="module")
def browser() -> t.Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(params=[360, 1280])
def page(request: pytest.FixtureRequest, browser: Browser, front: Front) -> t.Iterator[Page]:
    context = browser.new_context(
        viewport=ViewportSize(width=request.param, height=800), base_url="http://127.0.0.1:%d" % front.port
    )
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_readable_everywhere(page: Page, path: str) -> None:
    """Nothing to scroll sideways, enough contrast in light and dark, one heading, one landmark, a language."""
    page.goto(path)
    expect(page.get_by_role("heading", level=1)).to_have_text(PAGES[path])
    expect(page.get_by_role("main")).to_have_count(1)
    assert page.locator("html").get_attribute("lang") == "en"
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=t.cast(t.Any, scheme))
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"
        assert min(page.evaluate(_CONTRASTS)) >= LEAST_CONTRAST
        shots = os.environ.get("PYAPPS_SHOTS")
        if shots:
            name = path.strip("/").replace("/", "-") or "gallery"
            page.screenshot(path="%s/%s-%d-%s.png" % (shots, name, page.viewport_size["width"], scheme))


def test_the_gallery_is_used_without_a_mouse(page: Page) -> None:
    """In the order that is seen, each app is one stop with a name and a frame around it."""
    page.goto("/")
    titles = ["A title of", "Ärger", "Budget 2", "Sales", "Sales", "Zoo"]
    for title in titles:
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        assert focused.inner_text().startswith(title)
        assert focused.evaluate("element => getComputedStyle(element).outlineStyle") == "solid"
    expect(page.get_by_role("link", name="Sales Johan /one/")).to_have_count(1)
    expect(page.get_by_role("link", name="Sales Ann /two/")).to_have_count(1)
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sales")


def test_a_long_title_does_not_stretch_its_row(page: Page) -> None:
    """It is cut after three lines; who points at it, or listens, gets it all."""
    page.goto("/")
    heights = [box["height"] for box in (each.bounding_box() for each in page.locator("li").all()) if box]
    assert max(heights) < 170
    heading = page.get_by_role("heading", level=2, name=LONG)
    assert heading.get_attribute("title") == LONG


def test_an_app_that_is_away_says_why_and_leads_to_the_gallery(page: Page) -> None:
    """Other words for one that was stopped, that never was there, and that does not answer."""
    page.goto("/one/")
    expect(page.get_by_role("status")).to_contain_text("stopped on purpose")
    expect(page.get_by_text("Since ")).to_contain_text("at ")  # in the visitor's time
    page.goto("/long/")
    expect(page.get_by_role("status")).to_contain_text("as soon as it is back")
    page.goto("/two/")
    expect(page.get_by_role("status")).to_contain_text("has not been live yet")
    expect(page.get_by_text("This app is from Ann.")).to_be_visible()
    page.get_by_role("link", name="All apps").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Apps")


def test_an_open_page_follows_what_happens(page: Page, front: Front) -> None:
    """Another reason is shown by itself, and so is the app."""
    app = front.layout.app("one")
    page.goto("/one/x?y=1")
    _away_page.set_down(front.layout, app, _away_page.RESTARTS)
    expect(page.get_by_role("status")).to_contain_text("A new version of this app is being started")
    _away_page.clear_down(app)
    expect(page.get_by_role("heading", level=1)).to_have_text("The app")
    assert page.url.endswith("/one/x?y=1")
    _away_page.set_down(front.layout, app, _away_page.STOPPED)
