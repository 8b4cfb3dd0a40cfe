# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the watcher starts, and what it does with one look; supervisord and apps are stand-ins, the files are real."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._entry import watcher as _watcher
from ansible_collections.selfhost.pyapps.plugins.module_utils._entry.watcher import (
    PERIOD,
    QUICK_PERIOD,
    Watcher,
    live_port,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.lock import host_lock
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.conf import MANAGED
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import away_page, instance_state
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.firewall import FirewallError
from helpers.stand_in_host import StandInHost
from helpers.stand_in_supervisord import NOW


def test_it_says_that_it_watches_once_the_guard_has_looked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until then an app that ends is not told from who takes its port."""
    layout = Layout(str(tmp_path))
    said: list[bool] = []

    def over(_watcher: object) -> None:
        raise SystemExit

    monkeypatch.setattr(_watcher.RouteGuard, "look", lambda _guard: said.append(os.path.lexists(layout.watched)))
    monkeypatch.setattr(_watcher, "_guard_routes", lambda _guard: None)
    monkeypatch.setattr(_watcher.Watcher, "run", over)
    monkeypatch.setattr(_watcher, "die_with_parent", lambda: None)
    monkeypatch.setattr(os, "nice", lambda _by: 0)
    with pytest.raises(SystemExit):
        _watcher.main(layout)
    assert said == [False]
    assert os.readlink(layout.watched) == "/proc/%d" % os.getpid()


# -- One look


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[StandInHost]:
    """A host with one app that is live."""
    monkeypatch.setattr(instance_state, "process_owner", lambda name: (None, os.geteuid()))
    with StandInHost(tmp_path) as host:
        host.app("one", drain_timeout=3600, idle_time=0)
        host.deploy(one=1)
        yield host


@pytest.fixture
def watcher(host: StandInHost) -> Watcher:
    return Watcher(host.layout)


def said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What the watcher has said since the last look, without the time."""
    return [line.split(" ", 2)[2] for line in capsys.readouterr().err.splitlines()]


def end(host: StandInHost, state: str = "BACKOFF") -> None:
    """The live process of the app ends."""
    program = host.live("one").program
    host.running.pop(program).__exit__()
    host.daemon.runs(program, state)


def is_down(host: StandInHost) -> bool:
    return os.path.lexists(host.layout.app("one").down)


def test_an_app_that_answers_has_no_flag(
    host: StandInHost, watcher: Watcher, capsys: pytest.CaptureFixture[str]
) -> None:
    watcher.watch_ports()
    assert not is_down(host)
    assert said(capsys) == []
    assert watcher.pause() == PERIOD


def test_an_app_that_does_not_answer_is_flagged_until_it_does(
    host: StandInHost, watcher: Watcher, capsys: pytest.CaptureFixture[str]
) -> None:
    end(host)
    watcher.watch_ports()
    watcher.watch_ports()
    assert is_down(host)
    assert said(capsys) == ["one " + away_page.DOES_NOT_ANSWER]
    assert watcher.pause() == QUICK_PERIOD
    host._started(host.live("one").program)
    watcher.watch_ports()
    assert not is_down(host)
    assert said(capsys) == ["one answers again"]
    assert watcher.pause() == PERIOD


def test_after_a_minute_a_flag_is_no_reason_for_haste(
    host: StandInHost, watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    end(host)
    watcher.watch_ports()
    watcher.pause()
    now = _watcher.time.monotonic()
    monkeypatch.setattr(_watcher.time, "monotonic", lambda: now + 61)
    assert watcher.pause() == PERIOD


def test_an_app_that_somebody_has_stopped_says_so(host: StandInHost, watcher: Watcher) -> None:
    app = host.layout.app("one")
    end(host, "STOPPED")
    watcher.watch_ports()
    assert away_page.is_down_because(app, away_page.STOPPED)
    host.daemon.runs(host.live("one").program, "BACKOFF")
    watcher.watch_reasons()
    assert away_page.is_down_because(app, away_page.DOES_NOT_ANSWER)
    host.daemon.runs(host.live("one").program, "STOPPING")
    watcher.watch_reasons()
    assert away_page.is_down_because(app, away_page.STOPPED)


def test_during_a_run_no_flag_is_changed(host: StandInHost, watcher: Watcher) -> None:
    end(host)
    with host_lock(host.layout.lock, 1, "deploys"):
        watcher.watch_ports()
    assert not is_down(host)


def test_a_lasting_problem_is_said_once(
    host: StandInHost, watcher: Watcher, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: t.Any) -> None:
        raise OSError(28, "No space left on device")

    end(host)
    monkeypatch.setattr(away_page, "set_down", full)
    watcher.watch_ports()
    watcher.watch_ports()
    (line,) = said(capsys)
    assert line.startswith("one: the flag cannot be changed: ")
    monkeypatch.undo()
    monkeypatch.setattr(instance_state, "process_owner", lambda name: (None, os.geteuid()))
    watcher.watch_ports()
    assert said(capsys) == ["one " + away_page.DOES_NOT_ANSWER]
    assert watcher._problems == {}


def test_a_folder_of_apps_that_can_not_be_read_is_said_once(
    host: StandInHost, watcher: Watcher, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def gone(_layout: Layout) -> list[str]:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Layout, "app_names", gone)
    for _look in range(2):
        watcher.watch_ports()
        watcher.watch_taken_ports()
        watcher.watch_restarts()
        watcher.watch_reasons()
        watcher.watch_drains()
    first, second = said(capsys)
    assert first.startswith("the apps' folder cannot be read")
    assert second.startswith("the apps' folders cannot be read")
    assert watcher.pause() == PERIOD


def test_a_program_that_was_given_up_is_started_again_when_it_has_rested(
    host: StandInHost, watcher: Watcher, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, mine, died in (("tired", True, NOW - 45), ("young", True, NOW - 44), ("theirs", False, NOW - 100)):
        Path(host.layout.program(name)).write_text(MANAGED if mine else "[program:x]")
        host.daemon.runs(name, "FATAL", start=NOW - 200, stop=died, spawnerr="exited too quickly")
    Path(host.layout.program("well")).write_text(MANAGED)
    host.daemon.runs("well", "STOPPED")
    host.daemon.on_start = lambda name: None
    watcher.revive_programs()
    assert [word for word in host.daemon.asked if word.startswith("start")][-1:] == ["start tired"]
    assert said(capsys) == ["starts tired again (exited too quickly)"]


def test_a_daemon_that_does_not_answer_is_said_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    watcher = Watcher(Layout(str(tmp_path)))
    watcher.revive_programs()
    watcher.revive_programs()
    (line,) = said(capsys)
    assert "supervisord is not running" in line


def test_what_has_drained_is_retired(
    host: StandInHost, watcher: Watcher, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    host.process("one").sessions = 1
    host.deploy(one=2)
    watcher.watch_drains()
    assert len(host.instances("one")) == 2
    (old,) = [program for program in host.running if program != host.live("one").program]
    host.running[old].sessions = 0
    for _look in range(5):
        watcher.watch_drains()
    assert host.instances("one") == ["%016d" % 2]
    (line,) = said(capsys)
    assert line.startswith("one: retired %016d on port " % 1)
    assert line.endswith("no session ended with it")


def test_a_process_that_a_killed_run_has_taken_away_comes_back(
    host: StandInHost, watcher: Watcher, capsys: pytest.CaptureFixture[str]
) -> None:
    app, program = host.layout.app("one"), host.live("one").program
    watcher.watch_restarts()
    assert said(capsys) == []
    end(host, "STOPPED")
    away_page.set_down(host.layout, app, away_page.RESTARTS)
    with host_lock(host.layout.lock, 1, "deploys"):
        watcher.watch_restarts()
    assert program not in host.running
    watcher.watch_restarts()
    assert program in host.running
    assert said(capsys) == ["one: starts %s again, which a killed run has stopped" % program]
    assert away_page.is_down_because(app, away_page.DOES_NOT_ANSWER)


def test_an_instance_whose_port_was_taken_gets_another_one(
    host: StandInHost, watcher: Watcher, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    old = host.live("one")
    watcher.watch_taken_ports()
    assert host.live("one") == old
    owners = {old.port: os.geteuid() + 1}
    monkeypatch.setattr(_watcher._port_move, "listener_uids", lambda ports: owners)
    watcher.watch_taken_ports()
    moved = host.live("one")
    assert (moved.instance, moved.release) == (old.instance, old.release)
    assert moved.port != old.port
    assert host.process("one").port == moved.port
    assert said(capsys)[0].startswith("one: moved from port %d to %d" % (old.port, moved.port))
    assert os.listdir(host.layout.app("one").serving) == ["%s.%d" % (moved.instance, moved.port)]


def test_a_draining_instance_whose_port_was_taken_ends(
    host: StandInHost, watcher: Watcher, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    old = host.live("one")
    host.deploy(one=2)
    live = host.live("one")
    monkeypatch.setattr(_watcher._port_move, "listener_uids", lambda ports: {old.port: os.geteuid() + 1})
    watcher.watch_taken_ports()
    assert host.live("one") == live
    assert host.instances("one") == [live.release]
    assert said(capsys)[0].startswith("one: retired %s, because its port %d was taken" % (old.release, old.port))


class Wall:
    """A firewall that fails with these."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)

    def refresh(self) -> None:
        if self.errors:
            raise self.errors.pop(0)


def test_a_firewall_that_fails_is_said_once_until_it_works(
    host: StandInHost, capsys: pytest.CaptureFixture[str]
) -> None:
    wall = Wall(FirewallError("no"), FirewallError("no"), OSError("folder"))
    watcher = Watcher(host.layout, firewall=t.cast(t.Any, wall))
    for _look in range(4):
        watcher.watch_firewall()
    assert said(capsys) == ["no"]
    wall.errors = [FirewallError("no")]
    watcher.watch_firewall()
    assert said(capsys) == ["no"], "it has worked in between"
    Watcher(host.layout).watch_firewall()


def test_a_link_that_is_not_ours_has_no_port(host: StandInHost) -> None:
    app = host.layout.app("one")
    assert live_port(app) == host.live("one").port
    target = os.readlink(app.live)
    for other in ("elsewhere/" + target.partition("/")[2], "serving/x"):
        os.unlink(app.live)
        os.symlink(other, app.live)
        assert live_port(app) is None
    os.unlink(app.live)
    assert live_port(app) is None
