# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How releases go live, drain, fail and come back; supervisord and apps are stand-ins, the files and ports are real."""

from __future__ import annotations

import itertools
import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy import gate as _gate, turn as _turn
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.preview_end import discard, prepare
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.run import Preview, Run
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import clock
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.last_run import Plan, StalePlanError
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.rpc import DaemonDownError
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import Result
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import instance_state, preview, serving
from helpers.stand_in_host import StandInHost

ONE, TWO, THREE = ("%016d" % number for number in (1, 2, 3))


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[StandInHost]:
    monkeypatch.setattr(instance_state, "process_owner", lambda name: (None, os.geteuid()))
    with StandInHost(tmp_path) as host:
        host.app("one")
        yield host


def test_a_first_release_goes_live(host: StandInHost) -> None:
    outcome = host.deploy(one=1)
    result, live = outcome.results["one"], host.live("one")
    assert outcome.changed
    assert (result.state, result.note, result.changed) == ("ok", "live", True)
    assert (result.instance, result.port) == (live.instance, live.port)
    assert live.port in host.ports
    assert (live.release, live.confined) == (ONE, True)
    assert host.instances("one") == [ONE]
    assert result.start_seconds is not None
    assert result.switch_seconds is not None
    assert (result.ends_sessions, result.next_ends_sessions, result.draining) == (0, 0, 0)
    (diff,) = outcome.diffs
    assert (diff["before"], diff["after"]) == ("", "release: %s\n" % ONE)
    assert os.readlink(os.path.join(host.layout.log, "one.out.log")) == live.program + ".out.log"


def test_a_release_that_is_live_and_well_is_left_alone(host: StandInHost) -> None:
    host.deploy(one=1)
    before, host.daemon.asked[:] = host.live("one"), []
    outcome = host.deploy(one=1)
    assert (outcome.changed, list(outcome.diffs), host.live("one")) == (False, [], before)
    assert (outcome.results["one"].note, outcome.results["one"].changed) == ("unchanged", False)
    assert host.daemon.asked == []


def test_what_people_see_of_a_live_release_is_corrected(host: StandInHost) -> None:
    host.deploy(one=1)
    app = host.layout.app("one")
    link = os.path.join(host.layout.log, "one.out.log")
    for wrong in (lambda: Path(app.down).touch(), lambda: os.unlink(link)):
        wrong()
        checked = host.deploy(one=1, check_mode=True)
        assert (checked.changed, checked.results["one"].note) == (True, "unchanged")
        assert os.path.exists(app.down) or not os.path.lexists(link)
        assert host.deploy(one=1).changed
        assert not os.path.exists(app.down)
        assert os.path.lexists(link)
        assert not host.deploy(one=1).changed


def test_a_new_release_replaces_the_old_one(host: StandInHost) -> None:
    host.deploy(one=1)
    old = host.live("one")
    outcome = host.deploy(one=2)
    assert host.live("one").release == TWO
    assert host.live("one").instance != old.instance
    assert host.instances("one") == [TWO]
    (diff,) = outcome.diffs
    assert (diff["before"], diff["after"]) == ("release: %s\n" % ONE, "release: %s\n" % TWO)


def test_a_restart_is_a_new_instance_of_the_same_release(host: StandInHost) -> None:
    host.deploy(one=1)
    old = host.live("one")
    outcome = host.deploy(one=1, restart=True)
    assert host.live("one").instance != old.instance
    assert host.instances("one") == [ONE]
    assert outcome.diffs[0]["after"].endswith("instance: a new one\n")


def test_a_live_release_that_does_not_answer_is_started_anew(host: StandInHost) -> None:
    host.deploy(one=1)
    old = host.live("one")
    host.process("one").health = (503, "")
    host.app("one", start_timeout=0.1)
    outcome = host.deploy(one=1)
    assert host.live("one").instance != old.instance
    assert "problem: /one/_stcore/health on port %d answers 503" % old.port in outcome.diffs[0]["before"]


def test_check_mode_says_it_and_changes_nothing(host: StandInHost) -> None:
    outcome = host.deploy(one=1, check_mode=True)
    assert outcome.changed
    assert (outcome.results["one"].note, outcome.results["one"].instance) == ("live", None)
    assert host.daemon.asked == []
    assert os.listdir(host.layout.app("one").instances) == []
    host.deploy(one=1)
    assert not host.deploy(one=1, check_mode=True).changed
    unknown = host.deploy({"one": Result(release=None)}, check_mode=True)
    assert "known when it is made" in unknown.diffs[0]["after"]


def test_an_app_that_is_not_confined_may_use_any_port(host: StandInHost) -> None:
    host.deploy(one=1, unconfined=frozenset(["one"]))
    assert host.live("one").confined is False


# -- What fails


def test_a_release_that_is_not_well_does_not_go_live(host: StandInHost) -> None:
    host.app("one", start_timeout=0.3)
    host.ill[ONE] = (200, "<html>")
    outcome = host.deploy(one=1)
    result = outcome.results["one"]
    assert (outcome.changed, result.state, result.step, result.note) == (
        False,
        "failed",
        "health",
        "has never been live",
    )
    assert "not healthy after 0.3 s ([deploy] start_timeout)" in str(result.reason)
    assert host.instances("one") == []
    assert not os.path.lexists(host.layout.app("one").live)
    assert list(outcome.diffs) == []
    assert "one: failed at step health" in host.said


@pytest.mark.parametrize(
    ("answers", "note"), [(True, "kept (old release serves)"), (False, "not deployed; the previous release is down")]
)
def test_the_old_release_stays_when_the_new_one_fails(host: StandInHost, answers: bool, note: str) -> None:
    host.deploy(one=1)
    old = host.live("one")
    host.ill[TWO] = (500, "")
    host.app("one", start_timeout=0.3)
    if not answers:
        host.process("one").health = (503, "")
    result = host.deploy(one=2).results["one"]
    assert result.state == "failed"
    assert str(result.note).startswith(note)
    assert (result.instance, result.port) == (old.instance, old.port)
    assert host.live("one") == old
    assert host.instances("one") == [ONE]


def test_one_apps_failure_is_its_own(host: StandInHost) -> None:
    host.app("two")
    host.ill[ONE] = (500, "")
    host.entries["one"]["deploy"]["start_timeout"] = 0.2
    outcome = host.deploy(one=1, two=2)
    assert {name: result.state for name, result in outcome.results.items()} == {"one": "failed", "two": "ok"}
    assert outcome.changed
    assert host.live("two").release == TWO


def test_a_process_that_does_not_stay_up_is_told_with_its_log(host: StandInHost) -> None:
    def die(program: str) -> None:
        host.daemon.then[program] = ["FATAL"]
        Path(host.layout.log, program + ".err.log").write_text("ModuleNotFoundError: no\n")

    host.daemon.on_start = die
    result = host.deploy(one=1).results["one"]
    assert (result.state, result.step) == ("failed", "start")
    assert any("ModuleNotFoundError: no" in line for line in result.log)
    assert host.daemon.processes == {}


def test_a_mistake_of_ours_is_one_apps_failure_too(host: StandInHost, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*_: t.Any) -> None:
        raise ZeroDivisionError("oops")

    host.app("two")
    monkeypatch.setattr(_gate, "_prove_handshake", wrong)
    outcome = host.deploy(one=1, two=2)
    result = outcome.results["one"]
    assert (result.step, result.reason) == ("instance", "unexpected ZeroDivisionError: oops")
    assert any("ZeroDivisionError" in line for line in result.log)
    assert host.instances("one") == host.instances("two") == []


def test_a_link_that_can_not_be_switched_leaves_the_old_release_as_it_was(
    host: StandInHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: t.Any) -> None:
        raise OSError(28, "No space left on device")

    host.app("one", drain_timeout=3600)
    host.deploy(one=1)
    old = host.live("one")
    monkeypatch.setattr(serving, "switch", full)
    result = host.deploy(one=2).results["one"]
    assert (result.step, result.note) == ("switch", "kept (old release serves)")
    assert "No space left on device" in str(result.reason)
    assert host.live("one") == old
    assert host.instances("one") == [ONE]


def test_without_a_daemon_nothing_can_be_deployed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instance_state, "process_owner", lambda name: (None, os.geteuid()))
    host = StandInHost(tmp_path)
    host.daemon._server.server_close()
    os.unlink(host.layout.supervisor_socket)
    host.app("one")
    assert host.deploy(one=1, check_mode=True).changed
    with pytest.raises(DaemonDownError):
        host.deploy(one=1)
    failed = Result().failed("release", "no", [])
    assert host.deploy({"one": failed}).results["one"].note == "has never been live"


def test_a_plan_that_another_run_has_overtaken_is_refused(host: StandInHost) -> None:
    host.deploy(one=1)
    with pytest.raises(StalePlanError, match="it deployed one at"):
        host.deploy(one=2, plan=Plan(seen=""))
    assert host.live("one").release == ONE


# -- What an earlier step has failed


def test_of_an_app_that_has_failed_before_it_is_said_what_serves(host: StandInHost) -> None:
    failed = Result().failed("release", "no", [])
    assert host.deploy({"one": failed}).results["one"].note == "has never been live"
    host.deploy(one=1)
    outcome = host.deploy({"one": failed})
    assert (outcome.changed, outcome.results["one"].note) == (False, "kept (old release serves)")
    host.process("one").health = (503, "")
    assert host.deploy({"one": failed}).results["one"].note == "not deployed; the previous release is down too"


def test_what_was_said_of_a_failed_app_stays(host: StandInHost) -> None:
    failed = Result().failed("release", "no", [], "something else")
    assert host.deploy({"one": failed}).results["one"].note == "something else"


# -- What a killed run has left


def test_what_neither_is_live_nor_drains_is_removed(host: StandInHost) -> None:
    host.deploy(one=1)
    left = host.live("one")
    os.unlink(host.layout.app("one").live)
    checked = host.deploy(one=2, check_mode=True)
    assert checked.changed
    assert host.instances("one") == [ONE]
    host.deploy(one=2)
    assert host.instances("one") == [TWO]
    assert left.program not in host.daemon.processes
    part = Path(host.layout.app("one").serving, ".part-x-1")
    part.mkdir()
    host.deploy(one=2)
    assert not part.exists()


# -- Old releases that stay for their sessions


def test_an_old_release_drains_and_comes_back_without_a_start(host: StandInHost) -> None:
    host.app("one", drain_timeout=3600)
    host.deploy(one=1)
    first = host.live("one")
    outcome = host.deploy(one=2)
    assert outcome.results["one"].draining == 1
    assert host.instances("one") == [ONE, TWO]
    host.daemon.asked.clear()
    back = host.deploy(one=1)
    assert host.live("one").instance == first.instance
    assert host.live("one").drain_until is None
    assert host.daemon.asked == []
    assert back.results["one"].start_seconds is None
    assert any("still runs, on port %d: no start is needed" % first.port in line for line in host.said)
    host.deploy(one=2, restart=True)
    assert host.instances("one").count(TWO) == 2, "who wants a new process gets one"


def test_only_so_many_old_releases_drain_and_the_oldest_ends_first(
    host: StandInHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    minutes = itertools.count()
    monkeypatch.setattr(clock, "now", lambda: "2026-11-21T00:%02d:00Z" % next(minutes))
    host.app("one", drain_timeout=3600, max_draining=1)
    host.deploy(one=1)
    host.process("one").sessions = 3
    second = host.deploy(one=2).results["one"]
    assert (second.ends_sessions, second.next_ends_sessions) == (0, 3)
    third = host.deploy(one=3).results["one"]
    assert (third.ends_sessions, third.next_ends_sessions, third.draining) == (3, 0, 1)
    assert host.instances("one") == [TWO, THREE]
    assert "one: going live will end 3 sessions" in host.said
    assert any(line.endswith("and with it 3 sessions: more than max_draining") for line in host.said)


def test_sessions_of_a_release_that_does_not_drain_are_counted_beforehand(host: StandInHost) -> None:
    host.deploy(one=1)
    host.process("one").sessions = 2
    assert host.deploy(one=2, check_mode=True).results["one"].ends_sessions == 2
    assert host.deploy(one=2).results["one"].ends_sessions == 2
    assert host.instances("one") == [TWO]


def test_a_release_that_does_not_answer_does_not_drain(host: StandInHost) -> None:
    host.app("one", drain_timeout=3600, start_timeout=0.2)
    host.deploy(one=1)
    host.process("one").sessions = 2
    host.process("one").health = (503, "")
    assert host.deploy(one=2).results["one"].ends_sessions == 0
    assert host.instances("one") == [TWO]


# -- Apps that may not run twice


def test_an_app_in_place_is_away_while_the_new_release_starts(host: StandInHost) -> None:
    host.app("one", strategy="restart", drain_timeout=3600)
    host.deploy(one=1)
    old, app = host.live("one"), host.layout.app("one")
    away: list[tuple[bool, bool]] = []
    start = host.daemon.on_start

    def look(program: str) -> None:
        away.append((os.path.exists(app.down), old.program in host.running))
        start(program)

    host.daemon.on_start = look
    host.deploy(one=2)
    assert away == [(True, False)]
    assert not os.path.exists(app.down)
    assert host.instances("one") == [TWO]


def test_an_app_in_place_comes_back_when_the_new_release_fails(host: StandInHost) -> None:
    host.app("one", strategy="restart", start_timeout=0.5)
    host.deploy(one=1)
    old, app = host.live("one"), host.layout.app("one")
    host.ill[TWO] = (500, "")
    result = host.deploy(one=2).results["one"]
    assert (result.state, result.note) == ("failed", "kept (old release serves)")
    assert host.live("one") == old
    assert host.instances("one") == [ONE]
    assert not os.path.exists(app.down)
    assert "one: starts the old release again" in host.said


# -- Previews


def test_a_release_can_be_tried_out_and_goes_live_as_it_is(host: StandInHost) -> None:
    host.deploy(one=1)
    outcome = host.deploy(one=2, preview=Preview())
    result = outcome.results["one"]
    (shown,) = preview.previews(host.layout.app("one"))
    assert (outcome.changed, result.note, result.preview_port) == (True, "preview", shown.port)
    assert result.preview_until == shown.preview_until
    assert host.live("one").release == ONE
    assert host.instances("one") == [ONE, TWO]
    again = host.deploy(one=2, preview=Preview())
    assert (again.changed, again.results["one"].preview_port) == (False, shown.port)
    host.daemon.asked.clear()
    host.deploy(one=2)
    assert host.live("one").instance == shown.instance
    assert host.live("one").preview_until is None
    assert not [word for word in host.daemon.asked if word.startswith(("add", "start"))]
    assert host.instances("one") == [TWO]


def test_another_release_that_goes_live_ends_a_preview_and_so_does_another_preview(host: StandInHost) -> None:
    host.deploy(one=1)
    host.deploy(one=2, preview=Preview())
    host.deploy(one=3, preview=Preview())
    assert host.instances("one") == [ONE, THREE]
    host.deploy(one=1, restart=True)
    assert host.instances("one") == [ONE, THREE], "a restart is no other release"
    host.deploy(one=2)
    assert host.instances("one") == [TWO]
    assert "one: ends the preview of release %s" % THREE in host.said


def test_check_mode_of_a_preview_starts_nothing(host: StandInHost) -> None:
    host.deploy(one=1)
    assert host.deploy(one=2, preview=Preview(), check_mode=True).results["one"].note == "preview"
    assert host.instances("one") == [ONE]


@pytest.mark.parametrize(
    ("strategy", "live", "reason"),
    [("beside", False, "it has never been live"), ("restart", True, "it may not run twice")],
)
def test_some_apps_can_not_be_tried_out(host: StandInHost, strategy: str, live: bool, reason: str) -> None:
    host.app("one", strategy=strategy)
    if live:
        host.deploy(one=1)
    result = host.deploy(one=2, preview=Preview()).results["one"]
    assert (result.state, result.step) == ("failed", "preview")
    assert str(result.reason).startswith(reason)


def test_a_preview_can_be_ended_or_handed_to_a_deploy(host: StandInHost) -> None:
    host.deploy(one=1)
    run = Run(host.layout, host.ports, 1, check_mode=False)
    _entries, results = prepare(host.layout, ["one"], [])
    assert (results["one"].step, results["one"].note) == ("preview", "kept (nothing was changed)")
    assert "there is no preview of it" in str(results["one"].reason)
    assert discard(run, ["one"]).results["one"].note == "unchanged"
    host.deploy(one=2, preview=Preview())
    (entry,), results = prepare(host.layout, ["one"], [{"name": "one", "base_path": "/new", "deploy": {}}])
    assert (results["one"].release, entry["base_path"]) == (TWO, "/new")
    assert entry["deploy"] == host.entries["one"]["deploy"]
    checked = discard(Run(host.layout, host.ports, 1, check_mode=True), ["one"])
    assert (checked.changed, host.instances("one")) == (True, [ONE, TWO])
    outcome = discard(run, ["one"])
    assert (outcome.changed, outcome.results["one"].note) == (True, "the preview has ended")
    assert host.instances("one") == [ONE]


# -- Commands of a release


def test_the_test_and_the_release_command_run_once_for_each_release(host: StandInHost, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    entry = host.app("one", test="sh -c 'echo test >> %s'" % seen, release_command="sh -c 'echo release >> %s'" % seen)
    host.deploy(one=1)
    host.deploy(one=1, restart=True)
    assert seen.read_text().split() == ["test", "release"]
    host.deploy(one=2)
    assert seen.read_text().split() == ["test", "release"] * 2
    entry["deploy"]["release_command"] += " "
    host.deploy(one=2, restart=True)
    assert seen.read_text().split() == ["test", "release"] * 2 + ["release"]


@pytest.mark.parametrize(("key", "step"), [("test", "test"), ("release_command", "release_command")])
def test_a_command_that_fails_keeps_the_release_from_being_started(host: StandInHost, key: str, step: str) -> None:
    host.app("one", **{key: "sh -c 'echo wrong >&2; exit 3'"})
    result = host.deploy(one=1).results["one"]
    assert (result.state, result.step, result.log) == ("failed", step, ("wrong",))
    assert "ended with exit status 3: wrong" in str(result.reason)
    assert host.daemon.asked == []


def test_a_command_that_does_not_end_names_its_limit(host: StandInHost) -> None:
    host.app("one", test="sleep 5", test_timeout=0.3)
    result = host.deploy(one=1).results["one"]
    assert "did not end within 0.3 s ([deploy] test_timeout)" in str(result.reason)


def test_a_turn_never_lets_two_apps_have_one_port(host: StandInHost) -> None:
    host.app("two")
    host.deploy(one=1, two=2)
    assert host.live("one").port != host.live("two").port
    assert _turn.NEVER == "has never been live"
