# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A clock that jumps while a deploy and the watcher are at work.

The machine's own clock cannot be moved in a container, so it is moved for our code, which runs in this process; what
supervisord makes of such a jump is its own matter (it has an answer to it since 4.0).
"""

from __future__ import annotations

import datetime
import time
import typing as t

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._entry.watcher import Watcher
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import drain as _drain
from helpers.serving_host import ServingHost
from helpers.streamlit_session import session
from helpers.supervisord import wait_for

GOOD = "import streamlit as st\nst.write('good')\n"


class Clock:
    """What ``time.time`` and ``datetime.now`` say; seconds that pass are not changed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.shift = datetime.timedelta()
        right, clock = time.time, self

        class Moved(datetime.datetime):
            @classmethod
            def now(cls, tz: datetime.tzinfo | None = None) -> Moved:
                return t.cast(Moved, super().now(tz) + clock.shift)

        monkeypatch.setattr(time, "time", lambda: right() + clock.shift.total_seconds())
        monkeypatch.setattr(datetime, "datetime", Moved)


@pytest.mark.parametrize("days", [3, -3])
def test_a_clock_that_jumps_ends_nothing_that_is_in_use(
    serving_host: ServingHost, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    """C-09: the deploy under way goes through; what drains for its session goes on with it, in run and watcher."""
    host, clock = serving_host, Clock(monkeypatch)
    name = host.add_app("used")
    app = host.layout.app(name)
    host.apps[name]["deploy"].update(drain_timeout=3600, idle_time=2)
    host.release(name, GOOD)
    first = host.deploy().results[name]

    def jump(line: str) -> None:
        clock.shift = datetime.timedelta(days=days)

    with session("http://127.0.0.1:%d/used/" % first["port"]) as visitor:
        host.release(name, GOOD + "# second\n")
        assert host.deploy().results[name]["draining"] == 1
        host.release(name, GOOD + "# third\n")
        third = host.deploy(say=jump).results[name]
        assert clock.shift
        assert (third["state"], third["note"], third["draining"]) == ("ok", "live", 2)
        watcher = Watcher(host.layout)

        def idle_one_is_gone() -> bool:
            watcher.watch_drains()
            return len(_drain.draining(app)) == 1

        # The second release, which nobody uses, ends by its idle time, so the watcher has looked at both.
        wait_for(idle_one_is_gone, 30, "the release without a session is retired")
        assert _drain.draining(app)[0].port == first["port"]
        assert visitor.is_open()
    wait_for(lambda: watcher.watch_drains() or not _drain.draining(app), 30, "and the other one when its session ends")


def test_a_drain_ends_in_time_under_a_clock_that_was_set_back(
    serving_host: ServingHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C-09: not days later, although somebody has left a tab open."""
    host, clock = serving_host, Clock(monkeypatch)
    name = host.add_app("used")
    host.apps[name]["deploy"]["drain_timeout"] = 4
    host.release(name, GOOD)
    first = host.deploy().results[name]
    with session("http://127.0.0.1:%d/used/" % first["port"]):
        host.release(name, GOOD + "# second\n")
        assert host.deploy().results[name]["draining"] == 1
        clock.shift = datetime.timedelta(days=-3)
        watcher, app = Watcher(host.layout), host.layout.app(name)
        wait_for(lambda: watcher.watch_drains() or not _drain.draining(app), 30, "its time to drain is over")
