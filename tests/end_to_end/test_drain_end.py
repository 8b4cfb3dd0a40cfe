# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a drain as visitors see it: one deploy, two fronts, two Streamlits, and tabs that do different things.

The real watcher runs. Nobody waits an hour: the end of the drain is brought forward, and the tabs' clocks are put
forward, because a tab looks once in half a minute.
"""

from __future__ import annotations

import contextlib
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import AppLayout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.system_python import system_python
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.conf import log_path, program_text
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import drain as _drain
from helpers.browser import Tab
from helpers.fronts import Front
from helpers.serving_host import ServingHost
from helpers.supervisord import wait_for
from playwright.sync_api import Browser, Route, expect

SCRIPT = """\
import streamlit as st

st.title("Version %d")
with st.form("form"):
    note = st.text_input("Note")
    st.form_submit_button("Send")
st.write("Sent: " + note)
name = st.text_input("Name")
st.write("Name: " + name)
if st.button("Again"):
    st.write("Again it is")
file = st.file_uploader("File")
if file:
    st.write("Got %%d bytes" %% file.size)
"""
HOUR = 3600
UPLOAD = 1_000_000  # bytes
SOON = "A new version is ready. This page reloads at "
WAITS = "A new version is ready. This page reloads when your text or upload has been sent, at "
AFTER = "A new version is live: this page was reloaded and starts anew."
WATCHER = "pyapps-watcher"
VERSIONS = {"nginx": "1.67.0", "caddy": "1.41.1"}


class Place(t.NamedTuple):
    """One app behind one front, and the tabs that were open on it before the deploy."""

    app: AppLayout
    url: str
    idle: Tab
    typing: Tab
    uploading: Tab
    uploads: list[Route]


@pytest.fixture(scope="module")
def drain_host() -> t.Iterator[ServingHost]:
    with contextlib.closing(ServingHost()) as host:
        command = [system_python(), "-I", host.layout.zipapp, "watch", host.layout.root]
        host.daemon.add(WATCHER, program_text(WATCHER, command, layout=host.layout, start_seconds=0))
        yield host


@pytest.fixture(scope="module")
def places(drain_host: ServingHost, browser: Browser) -> t.Iterator[dict[str, Place]]:
    """By front."""
    host, found = drain_host, {}
    names = {server: host.add_app(server, owner={"name": ""}, gallery={"listed": True}) for server in VERSIONS}
    with contextlib.ExitStack() as stack:
        for server, name in names.items():
            host.apps[name]["deploy"].update(drain_timeout=HOUR)
            host.release(name, SCRIPT % 1, VERSIONS[server])
        host.deploy()
        for server, name in names.items():
            front = Front(server, list(host.apps.values()), host.root).start()
            stack.callback(front.close)
            url = "http://127.0.0.1:%d%s/" % (front.port, host.apps[name]["base_path"])
            tabs = [_visit(browser, url, stack) for _number in range(3)]
            found[server] = Place(host.layout.app(name), url, *tabs, [])
        for server, name in names.items():
            host.release(name, SCRIPT % 2, VERSIONS[server])
        host.deploy()
        for place in found.values():
            place.uploading.page.route("**/_stcore/upload_file/**", _hold(place.uploads))
            place.uploading.page.locator("input[type=file]").set_input_files(
                {"name": "a.bin", "mimeType": "application/octet-stream", "buffer": b"x" * UPLOAD}
            )
            # What was sent is not lost; what stands in a form that nobody has sent is, whatever else is clicked.
            place.typing.page.get_by_label("Name").fill("Ann")
            place.typing.page.get_by_label("Name").press("Enter")
            place.typing.sees("Name: Ann")
            place.typing.page.get_by_label("Note").fill("half a")
            place.typing.page.get_by_role("button", name="Again").click()
            place.typing.sees("Again it is")
            place.idle.page.get_by_label("Name").fill("Bob")
            place.idle.page.get_by_label("Name").press("Enter")
            place.idle.sees("Name: Bob")
        _bring_forward(found.values(), 240, HOUR)
        yield found


def _bring_forward(places: t.Iterable[Place], seconds: float, grace: float) -> None:
    """Let the drains end so soon, and their tabs look."""
    for place in places:
        (record,) = _drain.draining(place.app)
        _drain.begin(place.app, record, seconds, grace_seconds=grace)
    for place in places:
        wait_for(lambda place=place: _is_told(place), 20, "the watcher has told the tabs, or ended the release")
        for tab in (place.idle, place.typing, place.uploading):
            tab.page.clock.fast_forward(31_000)


def _is_told(place: Place) -> bool:
    return all(_drain.is_announced(place.app, record) for record in _drain.draining(place.app))


@pytest.fixture(scope="module")
def due(places: dict[str, Place]) -> None:
    """The time that the bar has told is over."""
    _bring_forward(places.values(), 1, HOUR)


@pytest.fixture(scope="module")
def over(places: dict[str, Place], due: None) -> None:
    """The limit is over."""
    _bring_forward(places.values(), -2, 1)


def _hold(requests: list[Route]) -> t.Callable[[Route], None]:
    """Let requests wait until the test lets them go."""
    return lambda request: requests.append(request)


def _visit(browser: Browser, url: str, stack: contextlib.ExitStack) -> Tab:
    tab = Tab(browser)
    stack.callback(tab.close)
    tab.page.clock.install()
    tab.open(url).heading("Version 1")
    return tab


@pytest.fixture(params=list(VERSIONS))
def place(request: pytest.FixtureRequest, places: dict[str, Place]) -> Place:
    return places[request.param]


def test_tabs_say_before_that_they_will_reload(place: Place) -> None:
    """In words that a screen reader reads, by buttons, and in the app's own colours."""
    page = place.idle.page
    bar = page.locator("#pyapps-bar")
    expect(bar.get_by_role("status")).to_contain_text(SOON)
    expect(bar.get_by_role("button", name="Reload now")).to_be_visible()
    assert bar.evaluate("bar => getComputedStyle(bar).backgroundColor") == "rgb(255, 255, 255)"
    page.evaluate("document.querySelector('.stApp').style.backgroundColor = 'rgb(14, 17, 23)'")
    expect(bar).to_have_css("background-color", "rgb(38, 39, 48)")
    expect(bar).to_have_css("color", "rgb(250, 250, 250)")


def test_a_tab_reloads_at_that_time_and_says_why(due: None, place: Place) -> None:
    place.idle.heading("Version 2")
    expect(place.idle.page.locator("#pyapps-bar")).to_have_text(AFTER + "OK")
    place.idle.page.locator("#pyapps-bar").get_by_role("button", name="OK").click()
    expect(place.idle.page.locator("#pyapps-bar")).to_have_count(0)
    assert len(place.idle.documents) == 2


def test_unsent_text_and_an_upload_postpone_it(due: None, place: Place) -> None:
    for tab in (place.typing, place.uploading):
        expect(tab.page.locator("#pyapps-bar").get_by_role("status")).to_contain_text(WAITS)
        tab.heading("Version 1")
    for upload in place.uploads:
        upload.continue_()
    place.uploading.page.unroute_all()
    place.uploading.sees("Got %d bytes" % UPLOAD)
    place.uploading.heading("Version 1")
    assert place.typing.page.get_by_label("Note").input_value() == "half a"


def test_the_limit_ends_it_for_all_and_is_counted(over: None, place: Place, drain_host: ServingHost) -> None:
    place.typing.heading("Version 2")
    place.uploading.heading("Version 2")
    expect(place.typing.page.locator("#pyapps-bar")).to_have_text(AFTER + " What you had not sent is gone.OK")
    assert [len(tab.documents) for tab in (place.typing, place.uploading)] == [2, 2]
    log = Path(log_path(drain_host.layout, WATCHER, "err"))
    told = "because its time to drain is over; 2 sessions ended with it"
    wait_for(lambda: log.read_text().count(told) == len(VERSIONS), 20, "the watcher's log counts sessions")
