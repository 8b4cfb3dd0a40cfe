# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a container that was replaced ends."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._images import drain as _container_drain
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import drain as _drain
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_record import InstanceRecord

KEEP = 5


class Clock:
    """Time passes only when somebody waits."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)

    def wait(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(str(tmp_path))


def sessions(monkeypatch: pytest.MonkeyPatch, answer: t.Callable[[str], int | None]) -> None:
    monkeypatch.setattr(_drain, "sessions", lambda app, record: answer(app.name))


def add(layout: Layout, app: str) -> None:
    record = InstanceRecord(app, "ab" * 16, 20001, "f" * 16, "2026-01-01T00:00:00Z")
    os.makedirs(layout.app(app).instances)
    Path(layout.app(app).instance(record.instance)).write_text(record.to_json())
    os.makedirs(layout.app(app).release(record.release))
    settings = {"kind": "streamlit", "streamlit": {"config": {}}, "deploy": {"idle_time": KEEP}}
    Path(layout.app(app).release(record.release), "release.json").write_text(json.dumps({"settings": settings}))


def test_sessions_of_all_apps_count(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    add(layout, "one")
    add(layout, "two")
    sessions(monkeypatch, lambda app: {"one": 2, "two": 3}[app])
    assert _container_drain.use(layout) == (5, KEEP)


def test_what_nobody_can_tell_is_not_nothing(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    add(layout, "one")
    sessions(monkeypatch, lambda app: None)
    assert _container_drain.use(layout).sessions is None
    sessions(monkeypatch, lambda app: 0)
    Path(layout.app("one").instance("ab" * 16)).write_text("damaged")
    assert _container_drain.use(layout).sessions is None


def test_it_ends_when_no_tab_that_is_gone_can_come_back(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    """A tab whose connection was lost finds its session again for as long as the app keeps it."""
    add(layout, "one")
    sessions(monkeypatch, lambda app: 1 if clock.now < 1030 or 1032 < clock.now < 1034 else 0)
    assert _container_drain.wait_until_unneeded(layout, 3600, clock.wait) is True
    assert 1039 <= clock.now < 1042


@pytest.mark.parametrize("answer", [1, None])
def test_it_waits_no_longer_than_it_may(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, clock: Clock, answer: int | None
) -> None:
    add(layout, "one")
    sessions(monkeypatch, lambda app: answer)
    assert _container_drain.wait_until_unneeded(layout, 60, clock.wait) is False
    assert clock.now == pytest.approx(1060)


def test_it_is_told_as_often_as_somebody_likes(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one neither waits nor ends anything; when the first one is gone, the next one does."""
    ended: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: ended.append((pid, number)))
    os.makedirs(layout.run)
    with open(os.path.join(layout.run, "draining"), "wb") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        assert _container_drain.main(layout, 0) == 0
        assert ended == []
    assert _container_drain.main(layout, 0) == 0
    assert ended == [(1, signal.SIGTERM)]
