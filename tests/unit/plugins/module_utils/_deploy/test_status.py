# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the log of a live app says that its owner can do."""

from __future__ import annotations

import json
import os
import subprocess
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.action.app_logs import printed
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.logs import app_logs
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.status import host_status, log_advice, memory_of
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import instance_state
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_record import InstanceRecord
from helpers.stand_in_app import StandInApp, go_live
from helpers.stand_in_supervisord import StandInSupervisord

INSTANCE, RELEASE = "0" * 32, "1" * 16
REFUSED = "PermissionError: [Errno 13] Permission denied: 'usage.json'\n"


def live_app(folder: Path, *kept: str) -> Layout:
    """A host with one live app, whose errors are of long ago and of now."""
    layout = Layout(str(folder))
    app = layout.app("app_1")
    for name in (app.instances, app.serving, app.code(RELEASE), layout.log):
        os.makedirs(name)
    record = InstanceRecord("app_1", INSTANCE, 20000, RELEASE, "2026-11-21T00:00:00Z")
    Path(app.instance(INSTANCE)).write_text(record.to_json())
    os.symlink("serving/%s.20000" % INSTANCE, app.live)
    settings = {"name": "app_1", "kind": "streamlit", "data": {"paths": list(kept)}}
    Path(app.release(RELEASE), "release.json").write_text(json.dumps({"release": RELEASE, "settings": settings}))
    Path(layout.log, "app_1.%s.out.log" % INSTANCE).write_text("started\n")
    Path(layout.log, "app_1.%s.err.log" % INSTANCE).write_text(REFUSED + "a later line\n" * 60)
    return layout


@pytest.mark.parametrize("lines", [5, 100])
def test_logs_end_with_the_line_that_lets_an_app_write_also_when_its_error_is_above(tmp_path: Path, lines: int) -> None:
    logs = app_logs(live_app(tmp_path), "app_1", lines)
    assert [log["stream"] for log in logs if log["advice"]] == ["err"]
    assert printed(logs)[-1] == "app_1: " + str(logs[-1]["advice"])
    assert printed(logs)[-1].endswith('Write into setup.toml: [data] paths = ["usage.json"]')


def test_nothing_is_said_when_the_release_keeps_the_file(tmp_path: Path) -> None:
    logs = app_logs(live_app(tmp_path, "usage.json"), "app_1", 5)
    assert [log["advice"] for log in logs] == [None, None]


# -- The status of a host


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    layout = Layout(str(tmp_path))
    for path in (layout.srv, layout.log, os.path.dirname(layout.supervisor_socket)):
        os.makedirs(path, exist_ok=True)
    monkeypatch.setattr(instance_state, "process_owner", lambda name: (None, os.geteuid()))
    return layout


@pytest.fixture
def daemon(layout: Layout) -> t.Iterator[StandInSupervisord]:
    with StandInSupervisord(layout.supervisor_socket) as daemon:
        yield daemon


def test_an_app_that_is_well(layout: Layout, daemon: StandInSupervisord) -> None:
    with StandInApp("/one") as app:
        record = go_live(layout, "one", app.port)
        daemon.runs(record.program, pid=os.getpid())
        os.makedirs(os.path.join(layout.envs, "e" * 16, "lib/python3.11/site-packages/streamlit-1.41.1.dist-info"))
        found, daemon_problem = host_status(layout)
    status = found["one"]
    assert daemon_problem is None
    assert (status["healthy"], status["problem"], status["down"], status["advice"]) == (True, None, False, None)
    assert (status["instance"], status["release"], status["port"]) == (record.instance, record.release, app.port)
    assert (status["state"], status["pid"], status["uptime"]) == ("RUNNING", os.getpid(), 100)
    assert (status["streamlit"], status["others"]) == ("1.41.1", [])
    assert status["created"] == record.created
    assert (status["drain_until"], status["preview_until"]) == (None, None)


def test_an_app_that_does_not_answer_says_why(layout: Layout, daemon: StandInSupervisord) -> None:
    with StandInApp("/one") as app:
        record = go_live(layout, "one", app.port)
        daemon.runs(record.program)
        Path(layout.app("one").down).touch()
        app.health = (503, "")
        status = host_status(layout)[0]["one"]
        assert (status["healthy"], status["down"]) == (False, True)
        assert "answers 503" in status["problem"]
        daemon.runs(record.program, "FATAL", description="no such file")
        status = host_status(layout)[0]["one"]
        assert status["problem"] == "FATAL (no such file)"
        assert (status["pid"], status["sessions"], status["streamlit"]) == (None, None, None)


def test_without_a_daemon_nobody_can_tell_and_it_is_said_why(layout: Layout) -> None:
    with StandInApp("/one") as app:
        go_live(layout, "one", app.port)
        found, daemon_problem = host_status(layout)
    assert "supervisord is not running" in str(daemon_problem)
    assert (found["one"]["state"], found["one"]["pid"], found["one"]["uptime"]) == ("UNKNOWN", None, None)
    assert found["one"]["rss_mb"] is None
    assert found["one"]["problem"] == "supervisor does not know its program"


def test_other_instances_are_shown_beside_the_live_one(layout: Layout, daemon: StandInSupervisord) -> None:
    with StandInApp("/one") as app:
        other = go_live(layout, "one", 20000, "f" * 32, "2" * 16)
        go_live(layout, "one", app.port)
        daemon.runs(other.program, "EXITED")
        (shown,) = host_status(layout)[0]["one"]["others"]
    assert (shown["instance"], shown["release"], shown["port"], shown["state"]) == ("f" * 32, "2" * 16, 20000, "EXITED")


def test_an_app_without_a_live_instance_and_what_is_no_app(layout: Layout, daemon: StandInSupervisord) -> None:
    os.makedirs(layout.app("new").releases)
    os.makedirs(layout.app("removed").data)
    found, _problem = host_status(layout)
    assert list(found) == ["new"]
    assert (found["new"]["problem"], found["new"]["healthy"]) == ("has never been live", False)
    assert (found["new"]["instance"], found["new"]["port"], found["new"]["advice"]) == (None, None, None)


def test_an_app_whose_user_is_gone_and_one_whose_release_is_damaged(
    layout: Layout, daemon: StandInSupervisord, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(name: str) -> None:
        raise instance_state.ReleaseError("the user of %s is gone" % name)

    with StandInApp("/one") as app:
        record = go_live(layout, "one", app.port)
        Path(layout.app("one").release(record.release), "release.json").write_text("{")
        status = host_status(layout)[0]["one"]
        assert (status["advice"], status["streamlit"]) == (None, None)
        assert "release.json cannot be read" in status["problem"]
        monkeypatch.setattr(instance_state, "process_owner", gone)
        assert host_status(layout)[0]["one"]["problem"] == "the user of one is gone"


def test_an_instance_whose_record_is_gone_has_no_advice(layout: Layout) -> None:
    record = go_live(layout, "one", 20000)
    app = layout.app("one")
    os.unlink(app.instance(record.instance))
    live = instance_state.live_instance(app)
    assert live is not None
    assert log_advice(layout, app, live) is None


def test_the_memory_of_a_program_is_that_of_all_its_processes() -> None:
    code = "x = 'x' * 30_000_000; import subprocess; subprocess.Popen(['sleep', '5']); print(1, flush=True); input()"
    with subprocess.Popen(["python3", "-c", code], start_new_session=True, stdin=-1, stdout=-1) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.1)
        ((group, (rss, pss)),) = memory_of({process.pid}).items()
        os.killpg(process.pid, 9)
    assert group == process.pid
    assert 30 < pss <= rss < 200
    assert memory_of(set()) == {}
