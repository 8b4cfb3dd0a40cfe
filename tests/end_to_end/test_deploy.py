# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deploys under open tabs: runs of the site playbook change an app of each Streamlit, seen through both fronts.

The steps build on each other: a deploy during which old releases stay, and one after which they end.
"""

from __future__ import annotations

import typing as t

import pytest
from helpers.browser import Tab
from helpers.site_host import SiteHost
from helpers.visited_apps import VERSIONS, change_apps, drain_one_only, short_name
from playwright.sync_api import Browser

Tabs = dict[str, Tab]


@pytest.fixture(scope="module")
def tabs(host: SiteHost, ports: dict[str, int], browser: Browser) -> t.Iterator[Tabs]:
    """By URL: a tab of each app through each front, with some state in it, that was open during the deploy."""
    found: Tabs = {}
    for port in ports.values():
        for version in VERSIONS:
            for app in ("changing", "tour"):
                url = "http://localhost:%d/%s/" % (port, short_name(app, version))
                found[url] = Tab(browser).open(url)
                found[url].count_to(2)
                if app == "changing":
                    found[url].sees("This is version 1")
    change_apps(host, 1)
    played = host.site()
    assert played.code == 0, played.text
    assert played.text.count("live; the old one drains") == len(VERSIONS)
    yield found
    for tab in found.values():
        tab.close()


@pytest.fixture(scope="module")
def ended(host: SiteHost, tabs: Tabs) -> None:
    """A further deploy, after which the oldest releases end although somebody uses them."""
    change_apps(host, 2)
    drain_one_only(host, "changing", VERSIONS)
    played = host.site()
    assert played.code == 0, played.text


def test_a_tab_of_the_changed_app_goes_on_where_it_was(tabs: Tabs, front: str, version: str) -> None:
    """C-09: same page, same connection, same state; also when its connection breaks for a moment."""
    url = "%s/%s/" % (front, short_name("changing", version))
    tab = tabs[url]
    tab.click("Count")
    tab.sees("Clicks: 3")
    tab.sees("This is version 1")
    assert len(tab.streams) == 1
    tab.drop_streams()
    tab.page.wait_for_function("window.testSockets.length > 1 && window.testSockets.at(-1).readyState === 1")
    tab.click("Count")
    tab.sees("Clicks: 4")
    tab.sees("This is version 1")
    assert tab.documents == [url]
    assert len(set(tab.streams)) == 1


def test_a_new_tab_beside_it_has_the_new_version(tabs: Tabs, browser: Browser, front: str, version: str) -> None:
    """Two tabs of one browser on two releases; a reload brings the first one to the new release, too."""
    url = "%s/%s/" % (front, short_name("changing", version))
    old, new = tabs[url], Tab(browser)
    try:
        new.open(url).sees("This is version 2")
        new.count_to(1)
        old.click("Count")
        old.sees("Clicks: 5")
        old.sees("This is version 1")
        new.page.reload()
        new.sees("This is version 2")
    finally:
        new.close()


def test_a_tab_of_another_app_notices_nothing(tabs: Tabs, front: str, version: str) -> None:
    """C-09: same page, same connection, and the state goes on."""
    url = "%s/%s/" % (front, short_name("tour", version))
    tab = tabs[url]
    tab.click("Count")
    tab.sees("Clicks: 3")
    assert tab.documents == [url]
    assert len(tab.streams) == 1


def test_a_tab_whose_release_ends_reloads_itself_once(ended: None, tabs: Tabs, front: str, version: str) -> None:
    """Its old state is gone: the counter begins again."""
    url = "%s/%s/" % (front, short_name("changing", version))
    tab = tabs[url]
    tab.sees("This is version 3")
    tab.count_to(1)
    assert tab.documents == [url, url]
