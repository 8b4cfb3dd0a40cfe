# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One look at a whole host; supervisord, front and app are stand-ins, the files are real."""

from __future__ import annotations

import json
import os
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._health import check as _check
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.apps import FOREIGN_ORIGIN
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.check import always_healthy, check
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.report import Finding, Report
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import instance_state
from helpers.stand_in_app import INSTANCE, StandInApp, go_live
from helpers.stand_in_supervisord import NOW, StandInSupervisord

PROGRAM = "one." + INSTANCE


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    layout = Layout(str(tmp_path))
    for path in (layout.srv, layout.log, layout.run, os.path.dirname(layout.supervisor_socket)):
        os.makedirs(path, exist_ok=True)
    os.makedirs(os.path.dirname(layout.healthcheck), exist_ok=True)
    configure(layout)
    serve(layout, "one")
    monkeypatch.setattr(instance_state, "process_owner", lambda name: (None, os.geteuid()))
    return layout


@pytest.fixture
def daemon(layout: Layout) -> t.Iterator[StandInSupervisord]:
    with StandInSupervisord(layout.supervisor_socket) as daemon:
        daemon.runs("pyapps-watcher")
        yield daemon


@pytest.fixture
def app(layout: Layout, daemon: StandInSupervisord) -> t.Iterator[StandInApp]:
    with StandInApp("/one") as app:
        go_live(layout, "one", app.port)
        daemon.runs(PROGRAM)
        yield app


def configure(layout: Layout, **settings: t.Any) -> None:
    """What this machine has left of disk and memory is not these tests' concern."""
    Path(layout.healthcheck).write_text(json.dumps({"min_disk_percent": 0, "min_memory_percent": 0, **settings}))


def serve(layout: Layout, *names: str) -> None:
    """These apps are in the applied catalog."""
    Path(layout.catalog).write_text(json.dumps({"apps": [{"name": name} for name in names]}))


def front(port: int) -> dict[str, t.Any]:
    return {"server": "nginx", "address": "127.0.0.1", "port": port, "host": "localhost"}


def ill(report: Report) -> dict[str, str]:
    """What is wrong, by kind and name."""
    return {
        "%s %s" % (found.kind, found.name): "; ".join((*found.problems, *found.unknown))
        for found in report.findings
        if found.problems or found.unknown
    }


def finding(report: Report, kind: str, name: str) -> Finding:
    (found,) = [each for each in report.findings if (each.kind, each.name) == (kind, name)]
    return found


def test_a_host_where_all_is_well(layout: Layout, app: StandInApp) -> None:
    report = check(layout, 5)
    assert ill(report) == {}
    assert report.exit_code == 0
    assert {"app one", "program pyapps-watcher", "host memory"} <= {
        "%s %s" % (each.kind, each.name) for each in report.findings
    }
    found = finding(report, "app", "one")
    assert (found.state, found.detail) == ("RUNNING", "pid 7, uptime 0:01:40")
    assert found.url == "http://localhost:%d/one/" % app.port
    assert found.numbers["app_uptime_seconds"] == 100
    assert found.numbers["app_recent_deaths"] == 0
    assert 0 <= found.numbers["app_answer_seconds"] < 5
    assert 0 < report.seconds < 5


def test_an_app_that_answers_wrongly_is_ill(layout: Layout, app: StandInApp) -> None:
    app.health = (200, "<html>")
    report = check(layout, 5)
    assert ill(report) == {
        "app one": "/one/_stcore/health on port %d answers 200 b'<html>' instead of 200 'ok'" % app.port
    }
    assert report.exit_code == 1


def test_the_programs_of_others_are_told_and_those_of_instances_only_with_their_app(
    layout: Layout, app: StandInApp, daemon: StandInSupervisord
) -> None:
    daemon.runs("pyapps-watcher", "FATAL", description="no such file")
    daemon.runs("one." + "f" * 32, "BACKOFF")
    daemon.runs("mine", "STOPPED", description="Not started")
    report = check(layout, 5)
    assert ill(report) == {
        "program pyapps-watcher": "FATAL (no such file)",
        "program mine": "STOPPED (Not started)",
    }
    configure(layout, ignore_programs=["mine"])
    assert list(ill(check(layout, 5))) == ["program pyapps-watcher"]


def test_a_live_program_that_is_down_is_told_with_the_app(
    layout: Layout, app: StandInApp, daemon: StandInSupervisord
) -> None:
    daemon.runs(PROGRAM, "BACKOFF", description="exited too quickly")
    assert ill(check(layout, 5)) == {"app one": "BACKOFF (exited too quickly)"}
    del daemon.processes[PROGRAM]
    assert ill(check(layout, 5)) == {"app one": "supervisor does not know its program"}


def test_a_program_that_dies_again_and_again_is_told(
    layout: Layout, app: StandInApp, daemon: StandInSupervisord
) -> None:
    """X14"""
    lines = []
    for second in (0, 2, 4):
        stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(NOW - 10 + second))
        lines.append("%s,000 INFO spawned: 'pyapps-watcher' with pid 7\n" % stamp)
        lines.append("%s,500 WARN exited: pyapps-watcher (exit status 1; not expected)\n" % stamp)
    daemon.log = "".join(lines)
    daemon.runs("pyapps-watcher", start=NOW - 5)
    assert "crash loop" in ill(check(layout, 5)).get("program pyapps-watcher", "")


def test_without_a_daemon_the_apps_are_asked_all_the_same(layout: Layout) -> None:
    with StandInApp("/one") as app:
        go_live(layout, "one", app.port)
        report = check(layout, 5)
        assert list(ill(report)) == ["supervisor supervisor"]
        assert ill(report)["supervisor supervisor"].startswith(
            "supervisorctl command not found. Is supervisor installed?"
        )
        assert report.exit_code == 2
        Path(layout.supervisor_conf).parent.mkdir(parents=True, exist_ok=True)
        Path(layout.supervisor_conf).touch()
        assert "Could not fetch supervisorctl status" in ill(check(layout, 5))["supervisor supervisor"]
        app.health = (500, "")
        assert "app one" in ill(check(layout, 5))


def test_a_daemon_without_programs_is_ill(layout: Layout, daemon: StandInSupervisord) -> None:
    daemon.processes.clear()
    assert ill(check(layout, 5))["supervisor supervisor"] == "No processes to check"


def test_apps_of_the_catalog_that_the_host_has_nothing_of_are_told(layout: Layout, app: StandInApp) -> None:
    serve(layout, "one", "two")
    assert ill(check(layout, 5)) == {"app two": "it is in the catalog, and not on this host: deploy it"}
    for text in ("{", "[]", '{"apps": [{}]}'):
        Path(layout.catalog).write_text(text)
        report = check(layout, 5)
        assert list(ill(report)) in (["host catalog"], [])
    Path(layout.catalog).write_text("{")
    assert "cannot be read" in ill(check(layout, 5))["host catalog"]


def test_an_app_with_releases_that_was_never_live_is_told(layout: Layout, app: StandInApp) -> None:
    os.makedirs(layout.app("two").releases)
    os.makedirs(layout.app("kept").data)
    assert ill(check(layout, 5)) == {"app two": "has never been live: its first deploy has failed, so deploy it again"}


def test_some_apps_can_be_asked_alone(layout: Layout, app: StandInApp) -> None:
    os.makedirs(layout.app("two").releases)
    serve(layout, "one", "two")
    assert ill(check(layout, 5, ["one"])) == {}
    assert list(ill(check(layout, 5, ["two"]))) == ["app two"]
    assert not [each for each in check(layout, 5, ["two"]).findings if each.name == "one"]


def test_a_configuration_that_can_not_be_used_is_told_and_the_rest_is_looked_at(
    layout: Layout, app: StandInApp
) -> None:
    configure(layout, timeout="soon")
    app.health = (500, "")
    report = check(layout)
    assert set(ill(report)) >= {"host configuration", "app one"}
    assert "timeout: found 'soon'" in ill(report)["host configuration"]


def test_the_configured_time_limit_is_the_one_that_counts_unless_another_is_given(
    layout: Layout, app: StandInApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(layout, timeout=7)
    asked: list[float] = []
    monkeypatch.setattr(_check, "check_app", lambda app, around: asked.append(around.timeout) or Finding("app", "one"))
    check(layout)
    check(layout, 2)
    assert asked == [7, 2]


def test_the_front_and_other_endpoints_are_asked(layout: Layout, app: StandInApp) -> None:
    app.handshakes["http://localhost:%d" % app.port] = 101
    url = "http://127.0.0.1:%d/one/_stcore/health" % app.port
    configure(layout, front=front(app.port), endpoints=[{"name": "tunnel", "url": url}])
    report = check(layout, 5)
    assert ill(report) == {}
    assert finding(report, "front", "nginx").url == "http://localhost:%d" % app.port
    app.health = (503, "ok")
    assert set(ill(check(layout, 5))) == {"app one", "endpoint tunnel"}


def test_a_front_that_lets_a_foreign_page_in_is_told(layout: Layout, app: StandInApp) -> None:
    """S0-87"""
    configure(layout, front=front(app.port))
    app.handshakes[FOREIGN_ORIGIN] = 101
    assert ill(check(layout, 5)) == {
        "app one": "the front lets a WebSocket from the foreign page %s in instead of refusing it with 403"
        % FOREIGN_ORIGIN
    }
    app.handshakes[FOREIGN_ORIGIN] = 500
    assert ill(check(layout, 5)) == {
        "app one": "the front answers 500 to a WebSocket from the foreign page %s instead of refusing it with 403"
        % FOREIGN_ORIGIN
    }


def test_another_front_than_ours_is_told(layout: Layout, app: StandInApp) -> None:
    with StandInApp("/_pyapps/healthcheck", "http://localhost") as other:
        other.base_path = ""
        configure(layout, front=front(other.port))
        found = ill(check(layout, 5))
        assert "the front answers 404 '' instead of 200 'ok'" in found["app one"]
        assert "is refused by the front with 404" in found["app one"]
    configure(layout, front=front(1))
    found = ill(check(layout, 5))
    assert found["front nginx"] == "nothing listens on port 1"
    assert "Unable to reach http://localhost:1/one/" in found["app one"]


def test_what_is_odd_about_one_app_does_not_hide_the_others(
    layout: Layout, app: StandInApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def odd(*_: t.Any) -> Finding:
        raise RuntimeError("odd")

    monkeypatch.setattr(_check, "check_app", odd)
    report = check(layout, 5)
    assert ill(report) == {"app one": "it cannot be checked: RuntimeError: odd"}
    assert finding(report, "program", "pyapps-watcher").healthy


def test_an_app_that_a_deploy_has_switched_in_the_meantime_is_asked_anew(
    layout: Layout, app: StandInApp, daemon: StandInSupervisord
) -> None:
    """The program of the new instance was not known when supervisord was asked first."""
    del daemon.processes[PROGRAM]
    looks = []
    real = daemon.rpc_getAllProcessInfo

    def look() -> list[dict[str, t.Any]]:
        looks.append(1)
        if len(looks) == 2:
            daemon.runs(PROGRAM)
        return real()

    daemon._server.register_function(look, "supervisor.getAllProcessInfo")
    assert ill(check(layout, 5)) == {}
    assert len(looks) == 2


def test_a_port_that_another_user_holds_is_told_and_nobody_is_asked(
    layout: Layout, app: StandInApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instance_state, "process_owner", lambda name: (None, 4242))
    app.asked.clear()
    assert "port %d is held by" % app.port in ill(check(layout, 5))["app one"]
    assert app.asked == []


def test_disks_that_can_not_be_seen_are_no_reason_to_say_nothing(
    layout: Layout, app: StandInApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: t.Any) -> None:
        raise OSError("gone")

    monkeypatch.setattr(_check, "check_host", gone)
    assert ill(check(layout, 5)) == {"host host": "disks and memory cannot be seen: gone"}


@pytest.mark.parametrize(
    ("value", "is_so"), [("true", True), ("TRUE", True), ("1", False), ("yes", False), ("false", False)]
)
def test_only_true_says_that_nobody_wants_to_know(value: str, is_so: bool) -> None:
    """S0-80"""
    assert always_healthy({"ALWAYS_HEALTHY": value}) is is_so
    assert not always_healthy({})
