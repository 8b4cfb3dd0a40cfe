# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a visitor does with an app in a real browser: through both fronts, with an old, a middle, a new Streamlit."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from helpers.browser import PINNED, Tab
from helpers.visited_apps import short_name
from playwright.sync_api import expect

UPLOAD = os.urandom(3_000_000)


def test_from_the_gallery_into_an_app_whose_state_changes(tab: Tab, front: str, version: str) -> None:
    """S0-61, S0-62, S0-63: by clicks alone; the address is the published one, the session is pinned."""
    name = short_name("tour", version)
    tab.open(front + "/")
    tab.page.get_by_role("link", name=name).click()
    tab.heading("Tour")
    expect(tab.page.get_by_text("Streamlit %s." % version)).to_be_visible()
    tab.count_to(2)
    assert tab.page.url == "%s/%s/" % (front, name)
    assert tab.documents == [front + "/", tab.page.url]
    assert len(tab.streams) == 1
    assert PINNED.search(tab.streams[0]), tab.streams


def test_pages_have_addresses_that_can_be_reloaded_and_gone_back_from(tour: Tab) -> None:
    """S0-62: the second page within the session, then back, forward, and reload."""
    first = tour.page.url
    tour.count_to(1)
    tour.sidebar_link("second").click()
    tour.heading("Second page")
    tour.sees("Clicks seen: 1")
    expect(tour.page).to_have_url(first + "second")
    tour.page.go_back()
    tour.heading("Tour")
    tour.sees("Clicks: 1")
    expect(tour.page).to_have_url(first)
    tour.page.go_forward()
    tour.heading("Second page")
    tour.page.reload()
    tour.heading("Second page")
    tour.sees("Clicks seen: none")
    expect(tour.page).to_have_url(first + "second")


def test_a_deep_link_opens_its_page(tab: Tab, front: str, version: str) -> None:
    url = "%s/%s/second" % (front, short_name("tour", version))
    tab.open(url)
    tab.heading("Second page")
    tab.sees("Clicks seen: none")
    expect(tab.page).to_have_url(url)
    tab.sidebar_link("main").click()
    tab.heading("Tour")
    expect(tab.page).to_have_url(url.removesuffix("second"))
    assert len(tab.documents) == 1
    assert all(PINNED.search(stream) for stream in tab.streams), tab.streams


def test_an_upload_comes_back_as_a_download(tour: Tab, tmp_path: Path) -> None:
    """S0-69, with more than a server's usual limit of 1 MB."""
    file = {"name": "any.bin", "mimeType": "application/octet-stream", "buffer": UPLOAD}
    tour.page.locator("input[type=file]").set_input_files(file)
    tour.sees("Received %d bytes, %s" % (len(UPLOAD), hashlib.sha256(UPLOAD).hexdigest()))
    with tour.page.expect_download() as download:
        tour.click("Give it back")
    download.value.save_as(tmp_path / "back.bin")
    assert (tmp_path / "back.bin").read_bytes() == UPLOAD
    assert PINNED.search(download.value.url), download.value.url


def test_an_image_is_shown(tour: Tab) -> None:
    picture = tour.page.get_by_test_id("stImage").locator("img")
    expect(picture).to_have_js_property("complete", True)
    expect(picture).to_have_js_property("naturalWidth", 64)
    assert PINNED.search(str(picture.evaluate("image => image.currentSrc")))


def test_a_custom_component_speaks_with_the_script(tour: Tab) -> None:
    tour.sees("Picked: nothing")
    frame = tour.page.locator("iframe[title$=picker]")
    expect(frame).to_have_attribute("src", re.compile(PINNED.pattern + "component/"))
    frame.content_frame.get_by_role("button", name="Pick maple").click()
    tour.sees("Picked: maple")
