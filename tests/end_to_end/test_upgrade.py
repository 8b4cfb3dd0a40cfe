# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A person works with an app that gets another Streamlit meanwhile, seen through both fronts.

The steps build on each other, as in ``test_deploy.py``.
"""

from __future__ import annotations

import hashlib
import typing as t
from pathlib import Path

import pytest
from helpers.browser import Tab
from helpers.site_host import SiteHost
from helpers.visited_apps import UPGRADED, VERSIONS, drain_one_only, short_name, upgrade_apps
from playwright.sync_api import Browser

CONTENT = b"0123456789abcdef" * (20 * 1024 * 1024 // 16)
RECEIVED = "Received %d bytes, %s" % (len(CONTENT), hashlib.sha256(CONTENT).hexdigest())


def shows_picture(tab: Tab, width: int) -> None:
    """Wait until the picture is there that belongs to so many clicks."""
    tab.page.wait_for_function(
        "width => document.querySelector('[data-testid=stImage] img')?.naturalWidth === width", arg=width
    )


class Tabs(t.NamedTuple):
    """By URL: a tab in which somebody works on during the deploy, and one that nobody touches."""

    used: dict[str, Tab]
    left: dict[str, Tab]


@pytest.fixture(scope="module")
def tabs(
    host: SiteHost, ports: dict[str, int], browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> t.Iterator[Tabs]:
    """Tabs that were open when their app got another Streamlit."""
    file = tmp_path_factory.mktemp("upload") / "some.bin"
    file.write_bytes(CONTENT)
    found = Tabs({url: begin(browser, url, file) for url in urls(ports)}, {})
    for url in urls(ports):
        found.left[url] = Tab(browser).open(url)
        found.left[url].count_to(2)
    upgrade_apps(host, 1)
    played = host.site()
    assert played.code == 0, played.text
    assert played.text.count("live; the old one drains") == len(UPGRADED)
    yield found
    for tab in [*found.used.values(), *found.left.values()]:
        tab.close()


def urls(ports: dict[str, int]) -> list[str]:
    return [
        "http://localhost:%d/%s/" % (port, short_name("upgrading", old)) for port in ports.values() for old in UPGRADED
    ]


def begin(browser: Browser, url: str, file: Path) -> Tab:
    tab = Tab(browser).open(url)
    tab.count_to(1)
    tab.page.get_by_label("Name").fill("Ada")
    tab.page.get_by_label("Name").press("Enter")
    tab.sees("Hello Ada")
    tab.page.locator("input[type=file]").set_input_files(file)
    tab.sees(RECEIVED)
    return tab


@pytest.fixture(params=UPGRADED)
def upgraded(request: pytest.FixtureRequest, front: str) -> str:
    """The URL of an app, through a front."""
    return "%s/%s/" % (front, short_name("upgrading", request.param))


def test_the_person_goes_on_in_the_same_session(tabs: Tabs, upgraded: str) -> None:
    """C-09, S0-25: what was typed, uploaded and shown is still there; also when the connection breaks for a moment."""
    tab = tabs.used[upgraded]
    tab.click("Count")
    tab.sees("Clicks: 2")
    shows_picture(tab, 66)
    tab.drop_streams()
    tab.page.wait_for_function("window.testSockets.length > 1 && window.testSockets.at(-1).readyState === 1")
    tab.click("Count")
    for text in ("Clicks: 3", "This is version 1", "Hello Ada", RECEIVED):
        tab.sees(text)
    shows_picture(tab, 67)
    assert tab.documents == [upgraded]


def test_a_second_tab_and_then_a_reload_have_the_new_streamlit(tabs: Tabs, browser: Browser, upgraded: str) -> None:
    new = Tab(browser)
    try:
        new.open(upgraded).sees("This is version 2")
        new.sees("Streamlit " + VERSIONS[-1])
        new.count_to(1)
        shows_picture(new, 65)
        old = tabs.used[upgraded]
        old.click("Count")
        for text in ("Clicks: 4", "This is version 1", RECEIVED):
            old.sees(text)
        old.page.reload()
        old.sees("This is version 2")
        assert (old.errors, new.errors) == ([], [])
    finally:
        new.close()


@pytest.fixture(scope="module")
def ended(host: SiteHost, tabs: Tabs) -> None:
    """A further deploy, after which the release with the old Streamlit ends although somebody uses it."""
    upgrade_apps(host, 2)
    drain_one_only(host, "upgrading", UPGRADED)
    played = host.site()
    assert played.code == 0, played.text


def test_a_tab_past_its_release_reloads_itself_once_onto_the_new_streamlit(
    ended: None, tabs: Tabs, upgraded: str
) -> None:
    tab = tabs.left[upgraded]
    tab.sees("This is version 3")
    tab.sees("Streamlit " + VERSIONS[-1])
    tab.count_to(1)
    assert tab.documents == [upgraded, upgraded]
