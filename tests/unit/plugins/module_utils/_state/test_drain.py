# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which instances drain, and when they are done."""

from __future__ import annotations

import http.server
import json
import os
import threading
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy import drain_watch as _drain_watch
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import AppLayout, Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import drain as _drain, serving as _serving
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_record import InstanceRecord

NEVER = 3600.0


@pytest.fixture
def app(tmp_path: Path) -> AppLayout:
    app = Layout(str(tmp_path)).app("app")
    for folder in (app.serving, app.instances):
        os.makedirs(folder)
    return app


def instance(app: AppLayout, digit: str, minute: int, drains: float | None = None, port: int = 20001) -> InstanceRecord:
    """An instance with record and marker, made at that minute."""
    record = InstanceRecord("app", digit * 32, port, "f" * 16, "2026-11-21T12:%02d:00Z" % minute)
    Path(app.instance(record.instance)).write_text(record.to_json())
    os.mkdir(app.marker(record.instance, record.port))
    return record if drains is None else _drain.begin(app, record, drains)


def test_what_drains_has_a_marker_a_time_and_is_not_live(app: AppLayout) -> None:
    younger, older = instance(app, "1", 30, NEVER), instance(app, "2", 10, NEVER)
    live = instance(app, "3", 40, NEVER)  # a killed run has written its time, and not switched
    instance(app, "4", 50)  # a killed run's candidate
    without_marker = instance(app, "5", 20, NEVER)
    os.rmdir(app.marker(without_marker.instance, without_marker.port))
    os.symlink("serving/%s.%d" % (live.instance, live.port), app.live)
    assert _drain.draining(app) == [older, younger]


def test_the_time_is_kept_in_the_record(app: AppLayout) -> None:
    record = instance(app, "1", 0, NEVER)
    assert InstanceRecord.read(app.instance(record.instance)) == record
    assert not _drain.is_over(record)
    assert _drain.is_over(_drain.begin(app, record, 0))


class Process:
    """A process that answers what the test says: a stand-in, because no real one gives these answers."""

    def __init__(self, body: bytes, status: int = 200) -> None:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: object) -> None:
                pass

        self._server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def release(app: AppLayout) -> None:
    os.makedirs(app.release("f" * 16))
    Path(app.release("f" * 16), "release.json").write_text('{"settings": {"kind": "streamlit", "base_path": "/app"}}')


@pytest.mark.parametrize(
    ("body", "status", "counted"),
    [
        (b"# TYPE active_sessions gauge\nactive_sessions 3\n# EOF\n", 200, 3),
        (b"active_sessions 0.0\n", 200, 0),
        (b"active_sessions 3\n", 500, 0),  # no open connection, as far as the kernel knows
        (b"inactive_sessions 3\nactive_sessions_x 3\nactive_sessions -3\nactive_sessions 99999999999\n", 200, 0),
        (b"x" * 1_000_000, 200, 0),
    ],
)
def test_sessions_are_what_the_process_counts(app: AppLayout, body: bytes, status: int, counted: int) -> None:
    """Without such a count it is the open connections; however long an answer is."""
    release(app)
    process = Process(body, status)
    try:
        assert _drain.sessions(app, instance(app, "1", 0, NEVER, process.port)) == counted
    finally:
        process.close()
    assert _drain.sessions(app, instance(app, "2", 0, NEVER, process.port)) == 0


def test_an_instance_is_due_when_it_was_idle_for_a_while(app: AppLayout, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tab that comes back after its network was away, or its laptop slept, must find its session."""
    record = _drain.begin(app, instance(app, "1", 0), NEVER, 8)
    now, open_sessions = [100.0], t.cast("list[int | None]", [1])
    monkeypatch.setattr(_drain_watch.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(_drain, "sessions", lambda app, record: open_sessions[0])
    watch = _drain_watch.DrainWatch()

    def due_at(moment: float, sessions: int | None) -> list[str]:
        now[0], open_sessions[0] = moment, sessions
        return [due.record.instance for due in watch.due([app])]

    assert due_at(100, 1) == []
    assert due_at(102, 0) == []
    assert due_at(104, 1) == []  # it came back
    assert due_at(106, 0) == []
    assert due_at(108, None) == []  # nobody can tell
    assert due_at(110, 0) == []
    assert due_at(117.9, 0) == []
    assert due_at(118, 0) == [record.instance]


@pytest.mark.parametrize(
    ("deploy", "config", "seconds"),
    [
        ({}, {}, 150),
        ({"idle_time": None}, {}, 150),
        ({"idle_time": 20}, {}, 20),
        ({"idle_time": 0}, {}, 0),
        ({}, {"server.disconnectedSessionTTL": 600, "server.websocketPingInterval": 10}, 610),
    ],
)
def test_a_session_is_kept_as_long_as_streamlit_keeps_it(
    deploy: dict[str, t.Any], config: dict[str, int], seconds: float
) -> None:
    """Streamlit sees a lost connection by its ping, every 30 s, and keeps the session for 120 s more."""
    settings = {"kind": "streamlit", "deploy": deploy, "streamlit": {"config": config}}
    assert _drain.idle_seconds(settings) == seconds


def test_who_has_something_unsent_postpones_the_end_up_to_a_limit(
    app: AppLayout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tabs that do not wait have reloaded themselves by then, so an open session is one that waits."""
    record = _drain.begin(app, instance(app, "1", 0), 0, 150, grace_seconds=NEVER)
    now, open_sessions = [100.0], t.cast("list[int | None]", [1])
    monkeypatch.setattr(_drain_watch.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(_drain, "sessions", lambda app, record: open_sessions[0])
    watch = _drain_watch.DrainWatch()

    def due_at(moment: float, sessions: int | None) -> list[str]:
        now[0], open_sessions[0] = moment, sessions
        return [due.reason for due in watch.due([app])]

    assert _drain.is_due(record)
    assert due_at(100, 1) == []
    assert due_at(400, None) == []
    assert due_at(402, 0) == []  # its network may be away for a moment
    assert due_at(431, 0) == []
    assert due_at(432, 0) == ["its time to drain is over"]
    _drain.begin(app, record, -10, 150, grace_seconds=10)
    assert due_at(434, 1) == ["its time to drain is over"]


def test_a_download_without_a_session_keeps_an_instance(app: AppLayout, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its tab may be closed; the connection is there until the file has been sent."""
    monkeypatch.setattr(_drain, "sessions", lambda app, record: 0)
    record = instance(app, "1", 0, NEVER)
    assert not _drain.is_used(app, record)
    monkeypatch.setattr(_drain._listeners, "connections", lambda port: int(port == record.port))
    assert _drain.is_used(app, record)


def test_tabs_can_read_when_their_instance_ends(app: AppLayout, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the host's clock tells it, also when that is set right meanwhile; only where there is a page that reads."""
    record = _drain.begin(app, instance(app, "1", 0), 600, grace_seconds=600)
    file = Path(app.marker(record.instance, record.port), _serving.ENDS)
    _drain.announce(app, record)
    assert not file.exists()
    Path(app.marker(record.instance, record.port), _serving.PAGE).touch()
    assert not _drain.is_announced(app, record)
    begun = time.time()
    _drain.announce(app, record)
    said = json.loads(file.read_text())
    assert (said["until"] - begun, said["limit"] - begun) == (pytest.approx(600, abs=3), pytest.approx(1200, abs=3))
    assert _drain.is_announced(app, record)
    monkeypatch.setattr(_drain.time, "time", lambda: begun + 86400)
    assert not _drain.is_announced(app, record)
    _drain.announce(app, record)
    assert json.loads(file.read_text())["until"] - begun == pytest.approx(87000, abs=3)
    for damaged in ("", "[]", "{}", '{"until": "x", "limit": 0}'):
        file.write_text(damaged)
        assert not _drain.is_announced(app, record)


def test_what_goes_live_again_says_no_end(app: AppLayout) -> None:
    """Its tabs would reload again and again."""
    record = instance(app, "1", 0, 600)
    marker = Path(app.marker(record.instance, record.port))
    (marker / _serving.PAGE).touch()
    _drain.announce(app, record)
    _serving.switch(app, record)
    assert sorted(file.name for file in marker.iterdir()) == [_serving.PAGE]


@pytest.mark.parametrize(
    ("count", "words"),
    [(None, "an unknown number of sessions"), (0, "no session"), (1, "1 session"), (12, "12 sessions")],
)
def test_sessions_are_counted_in_words(count: int | None, words: str) -> None:
    assert _drain.counted(count) == words


def test_an_instance_is_due_when_its_time_is_over_whatever_it_says(
    app: AppLayout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An app cannot prolong its own drain."""
    monkeypatch.setattr(_drain, "sessions", lambda app, record: 5)
    instance(app, "1", 0, 0)
    (due,) = _drain_watch.DrainWatch().due([app])
    assert due.reason == "its time to drain is over"


@pytest.mark.parametrize(
    ("left", "grace", "due", "over"),
    [(0.5, 0, False, False), (0, 0, True, True), (-5, 5.5, True, False), (-5, 5, True, True)],
)
def test_an_instance_drains_to_its_last_moment(
    app: AppLayout, left: float, grace: float, due: bool, over: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = _drain.begin(app, instance(app, "1", 10), NEVER, grace_seconds=grace)
    monkeypatch.setattr(_drain._deadline, "seconds_left", lambda until, uptime: left)
    assert (_drain.is_due(record), _drain.is_over(record)) == (due, over)
