# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One host with apps of three Streamlits behind two fronts, and a browser."""

from __future__ import annotations

import typing as t

import pytest
from helpers.browser import Tab, chromium
from helpers.nginx_beside import NginxBeside
from helpers.site_host import SiteHost, new_site_host
from helpers.visited_apps import VERSIONS, add_visited_apps, short_name
from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def host() -> t.Iterator[SiteHost]:
    """Laid out once by the site playbook; what it leaves when it is removed is an error too."""
    with new_site_host() as host:
        add_visited_apps(host)
        played = host.site()
        assert played.code == 0, played.text
        yield host


@pytest.fixture(scope="session")
def ports(host: SiteHost) -> t.Iterator[dict[str, int]]:
    """The port of each front."""
    nginx = NginxBeside(host)
    yield {"nginx": nginx.port, "caddy": host.port}
    nginx.close()


@pytest.fixture(scope="session")
def browser() -> t.Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(params=["nginx", "caddy"])
def front(request: pytest.FixtureRequest, ports: dict[str, int]) -> str:
    """The URL of a front."""
    return "http://localhost:%d" % ports[request.param]


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    """A version of Streamlit."""
    return t.cast(str, request.param)


@pytest.fixture
def tab(browser: Browser) -> t.Iterator[Tab]:
    """A new tab; a page in which a script failed is an error."""
    tab = Tab(browser)
    yield tab
    tab.close()
    assert tab.errors == []


@pytest.fixture
def tour(tab: Tab, front: str, version: str) -> Tab:
    """A tab with the first page of the app that has a bit of everything."""
    tab.open("%s/%s/" % (front, short_name("tour", version))).heading("Tour")
    return tab
