# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module supervisor_programs against a real supervisord."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.lock import host_lock
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.conf import program_text
from ansible_collections.selfhost.pyapps.plugins.modules import supervisor_programs
from helpers.modules import run_module
from helpers.supervisord import Supervisord, supervisor_environment

SLEEP = ["/bin/sleep", "600"]
INSTANCE = "app_1." + "0" * 32


@pytest.fixture(scope="module")
def bin_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return supervisor_environment(tmp_path_factory.mktemp("env") / "env", "4.3.0")


@pytest.fixture
def daemon(bin_folder: Path) -> t.Iterator[Supervisord]:
    supervisord = Supervisord(bin_folder)
    supervisord.start()
    yield supervisord
    supervisord.close()


def converge(daemon: Supervisord, *programs: dict[str, t.Any], check: bool = False, **more: t.Any) -> dict[str, t.Any]:
    programs_with_defaults = [{"command": SLEEP, "start_seconds": 0, **program} for program in programs]
    return run_module(supervisor_programs, check, root=str(daemon.root), programs=programs_with_defaults, **more)


def pids(daemon: Supervisord) -> dict[str, int]:
    return {name: process.pid for name, process in daemon.rpc.processes().items()}


def test_only_what_differs_is_touched(daemon: Supervisord) -> None:
    """S0-43, S0-29, X12: add, change and remove in one task; a second run changes nothing; others stay as they are."""
    daemon.add(INSTANCE, program_text(INSTANCE, SLEEP, layout=daemon.layout, start_seconds=0))
    daemon.add("theirs", "[program:theirs]\ncommand=/bin/sleep 600\nstartsecs=0\n")
    first = converge(daemon, {"name": "one"}, {"name": "two"}, {"name": "old"})
    assert first["actions"] == ["add old", "add one", "add two"]
    before = pids(daemon)

    second = converge(
        daemon, {"name": "one"}, {"name": "two", "stop_wait": 3}, {"name": "new"}, absent=["old", "never"]
    )
    assert second["changed"] is True
    assert second["actions"] == ["add new", "restart two", "remove old"]
    after = pids(daemon)
    assert sorted(after) == [INSTANCE, "new", "one", "theirs", "two"]
    assert {name for name in after if after[name] == before.get(name)} == {INSTANCE, "one", "theirs"}
    assert not os.path.exists(daemon.layout.program("old"))
    assert not list(Path(daemon.layout.log).glob("old.*"))
    diff = {entry.get("before_header"): entry for entry in second["diff"]}
    assert "stopwaitsecs=10\n" in diff[daemon.layout.program("two")]["before"]
    assert "stopwaitsecs=3\n" in diff[daemon.layout.program("two")]["after"]

    third = converge(daemon, {"name": "one"}, {"name": "two", "stop_wait": 3}, {"name": "new"}, absent=["old", "never"])
    assert (third["changed"], third["actions"], third["diff"]) == (False, [], [])
    assert pids(daemon) == after


def test_check_mode_tells_the_same_and_changes_nothing(daemon: Supervisord) -> None:
    """S0-20, S0-43: community.general's module starts and stops in check mode; this one only tells."""
    converge(daemon, {"name": "one"}, {"name": "old"})
    before, files = pids(daemon), sorted(os.listdir(daemon.layout.programs))
    wanted = [{"name": "one", "stop_signal": "INT"}, {"name": "new"}]
    told = converge(daemon, *wanted, absent=["old"], check=True)
    assert (pids(daemon), sorted(os.listdir(daemon.layout.programs))) == (before, files)
    done = converge(daemon, *wanted, absent=["old"])
    assert (told["changed"], told["actions"], told["diff"]) == (True, done["actions"], done["diff"])
    assert converge(daemon, *wanted, absent=["old"], check=True)["changed"] is False


def test_what_a_killed_run_left_is_finished(daemon: Supervisord) -> None:
    """S0-29: files that were written but not applied, and programs that were stopped, are seen."""
    converge(daemon, {"name": "changed"}, {"name": "stopped"})
    text = program_text("changed", SLEEP, layout=daemon.layout, start_seconds=0, stop_wait=3)
    Path(daemon.layout.program("changed")).write_text(text)
    Path(daemon.layout.program("added")).write_text(program_text("added", SLEEP, layout=daemon.layout, start_seconds=0))
    daemon.rpc.stop("stopped", 10)
    wanted = [{"name": "changed", "stop_wait": 3}, {"name": "added"}, {"name": "stopped"}]
    assert converge(daemon, *wanted)["actions"] == ["add added", "restart changed", "start stopped"]
    assert converge(daemon, *wanted)["changed"] is False


def test_a_program_is_restarted_when_a_file_of_it_is_newer(daemon: Supervisord, tmp_path: Path) -> None:
    """S0-43: our watcher after our zipapp has changed; nobody else."""
    tool = tmp_path / "tool"
    tool.write_text("")
    os.utime(tool, (1, 1))
    wanted = [{"name": "watcher", "newer": [str(tool)]}, {"name": "other"}]
    converge(daemon, *wanted)
    assert converge(daemon, *wanted)["changed"] is False
    later = daemon.rpc.processes()["watcher"].now + 5
    os.utime(tool, (later, later))
    assert converge(daemon, *wanted)["actions"] == ["restart watcher"]


def test_a_program_that_does_not_stay_up_fails_with_its_last_words(daemon: Supervisord) -> None:
    """S0-47."""
    broken = {"name": "broken", "command": ["/bin/sh", "-c", "echo no such thing >&2; exit 3"], "start_seconds": 1}
    answer = converge(daemon, {**broken, "start_retries": 0})
    assert answer["failed"] is True
    assert answer["msg"].startswith("broken did not stay up (FATAL)")
    assert answer["msg"].splitlines()[-1] == "no such thing"


def test_a_host_without_a_daemon(daemon: Supervisord) -> None:
    """S0-48: predicted in check mode, a clear failure otherwise; what shall not be there can go all the same."""
    converge(daemon, {"name": "old"})
    daemon.kill()
    told = converge(daemon, {"name": "one"}, absent=["old"], check=True)
    assert (told["changed"], told["actions"]) == (True, ["add one"])
    failed = converge(daemon, {"name": "one"})
    assert failed["failed"] is True
    assert "nobody listens" in failed["msg"]
    assert converge(daemon, absent=["old"])["changed"] is True
    assert os.listdir(daemon.layout.programs) == []


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ({"name": INSTANCE}, "only a deploy may change"),
        ({"name": "theirs"}, "a program of somebody else"),
        ({"name": "a b"}, "only letters, digits"),
        ({"name": "one", "command": ["/bin/echo", "a\nb"]}, "control character"),
        ({"name": "one", "command": []}, "it is empty"),
    ],
)
def test_what_is_not_ours_or_can_not_be_is_refused(daemon: Supervisord, program: dict[str, t.Any], reason: str) -> None:
    """X12, S0-45: nothing is written then."""
    theirs = Path(daemon.layout.program("theirs"))
    theirs.write_text("[program:theirs]\ncommand=/bin/sleep 600\n")
    answer = converge(daemon, {"name": "good"}, program)
    assert answer["failed"] is True
    assert reason in answer["msg"]
    assert os.listdir(daemon.layout.programs) == ["theirs.conf"]
    assert "twice" in converge(daemon, {"name": "one"}, {"name": "one"})["msg"]


def test_another_run_is_waited_for(daemon: Supervisord) -> None:
    """S0-29: one change of a host at a time; check mode needs no lock."""
    with host_lock(daemon.layout.lock, 0, "deploys app_1"):
        assert "deploys app_1" in converge(daemon, {"name": "one"}, lock_timeout=0)["msg"]
        assert converge(daemon, {"name": "one"}, lock_timeout=0, check=True)["changed"] is True
    assert converge(daemon, {"name": "one"}, lock_timeout=0)["changed"] is True
