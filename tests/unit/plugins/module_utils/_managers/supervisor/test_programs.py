# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor import programs as _programs
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.conf import program_text
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.programs import (
    Program,
    ProgramError,
    apply,
    ask,
    check_names,
    plan,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.rpc import Supervisor
from helpers.stand_in_supervisord import NOW, StandInSupervisord


def test_files_alone_are_written_once_and_deleted_once(tmp_path: Path) -> None:
    """Design rule 11: supervisord is told nothing; a second run has nothing to do."""
    layout = Layout(str(tmp_path))
    program = _programs.Program("web", program_text("web", ["/bin/true"], layout=layout))
    todo = _programs.plan_files(layout, [program], [])
    assert (todo.write, todo.actions) == (["web"], [])
    _programs.write(layout, [program], todo)
    assert Path(layout.program("web")).read_text() == program.text
    assert not _programs.plan_files(layout, [program], []).changed
    todo = _programs.plan_files(layout, [], ["web"])
    assert (todo.delete, todo.actions) == (["web"], [])
    _programs.write(layout, [], todo)
    assert not _programs.plan_files(layout, [], ["web"]).changed


def test_only_its_owner_can_list_the_folder_of_programs(tmp_path: Path) -> None:
    """A program has the name of an instance in its own; an older folder is corrected."""
    layout = Layout(str(tmp_path))
    Path(layout.programs).mkdir(parents=True, mode=0o755)
    program = _programs.Program("web", program_text("web", ["/bin/true"], layout=layout))
    _programs.write(layout, [program], _programs.plan_files(layout, [program], []))
    assert Path(layout.programs).stat().st_mode & 0o777 == 0o700


def test_the_folder_of_debians_daemon_stays_as_it_is(tmp_path: Path) -> None:
    layout = Layout(str(tmp_path / "root"))
    debians = tmp_path / "conf.d"
    debians.mkdir()
    debians.chmod(0o755)
    Path(layout.programs).parent.mkdir(parents=True)
    Path(layout.programs).symlink_to(debians)
    program = _programs.Program("web", program_text("web", ["/bin/true"], layout=layout))
    _programs.write(layout, [program], _programs.plan_files(layout, [program], []))
    assert debians.stat().st_mode & 0o777 == 0o755
    assert (debians / "web.conf").read_text() == program.text


# -- With a daemon


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(str(tmp_path))
    Path(layout.log).mkdir(parents=True)
    return layout


@pytest.fixture
def daemon(tmp_path: Path) -> t.Iterator[StandInSupervisord]:
    with StandInSupervisord(str(tmp_path / "s")) as daemon:
        yield daemon


@pytest.fixture
def supervisor(tmp_path: Path) -> Supervisor:
    return Supervisor(str(tmp_path / "s"), 5)


def web(layout: Layout, command: str = "/bin/true", **more: t.Any) -> Program:
    return Program("web", program_text("web", [command], layout=layout), **more)


def written(layout: Layout, program: Program) -> None:
    _programs.write(layout, [program], _programs.plan_files(layout, [program], []))


def test_a_new_program_is_written_added_and_waited_for(
    layout: Layout, daemon: StandInSupervisord, supervisor: Supervisor
) -> None:
    daemon.configured = ["web"]
    program = web(layout)
    todo = plan(layout, [program], [], ask(supervisor))
    assert (todo.write, todo.actions, todo.changed) == (["web"], ["add web"], True)
    assert todo.diff[-1] == {"prepared": "supervisor: add web\n"}
    apply(layout, supervisor, [program], todo, 5)
    assert daemon.processes["web"]["statename"] == "RUNNING"
    again = plan(layout, [program], [], ask(supervisor))
    assert (again.changed, again.diff) == (False, [])


def test_a_program_with_another_text_is_started_anew(
    layout: Layout, daemon: StandInSupervisord, supervisor: Supervisor
) -> None:
    written(layout, web(layout))
    daemon.configured = ["web"]
    daemon.runs("web")
    program = web(layout, "/bin/false")
    todo = plan(layout, [program], [], ask(supervisor))
    assert (todo.write, todo.actions) == (["web"], ["restart web"])
    daemon.then["web"] = ["STOPPED"]
    apply(layout, supervisor, [program], todo, 5)
    assert daemon.asked == ["stop web", "remove web", "add web"]


def test_a_text_that_the_daemon_has_not_read_yet_is_started_anew(
    layout: Layout, daemon: StandInSupervisord, supervisor: Supervisor
) -> None:
    written(layout, web(layout))
    daemon.configured, daemon.changed = ["web"], ["web"]
    daemon.runs("web")
    todo = plan(layout, [web(layout)], [], ask(supervisor))
    assert (todo.write, todo.actions) == ([], ["restart web"])


@pytest.mark.parametrize(
    ("age", "pid", "actions"),
    [(50, 7, ["restart web"]), (100, 7, []), (200, 7, []), (50, 0, [])],
)
def test_a_program_is_started_anew_when_its_own_code_is_younger(
    layout: Layout, daemon: StandInSupervisord, supervisor: Supervisor, age: int, pid: int, actions: list[str]
) -> None:
    """The stand-in's processes have been up for a hundred seconds."""
    code = Path(layout.log) / "code"
    code.touch()
    os.utime(code, (NOW - age, NOW - age))
    program = web(layout, newer=(str(code), "/no/such/file"))
    written(layout, program)
    daemon.configured = ["web"]
    daemon.runs("web", pid=pid)
    assert plan(layout, [program], [], ask(supervisor)).actions == actions


def test_a_stopped_program_is_started_if_it_shall_run(
    layout: Layout, daemon: StandInSupervisord, supervisor: Supervisor
) -> None:
    written(layout, web(layout))
    daemon.configured = ["web"]
    daemon.runs("web", "STOPPED")
    assert not plan(layout, [web(layout, autostart=False)], [], ask(supervisor)).changed
    todo = plan(layout, [web(layout)], [], ask(supervisor))
    assert todo.actions == ["start web"]
    apply(layout, supervisor, [web(layout)], todo, 5)
    assert daemon.asked == ["start web"]


def test_a_daemon_that_has_lost_a_program_gets_it_again(
    layout: Layout, daemon: StandInSupervisord, supervisor: Supervisor
) -> None:
    written(layout, web(layout))
    todo = plan(layout, [web(layout)], [], ask(supervisor))
    assert (todo.write, todo.actions) == ([], ["add web"])


def test_without_a_daemon_it_is_told_from_the_files_alone(layout: Layout, supervisor: Supervisor) -> None:
    assert ask(supervisor) is None
    assert plan(layout, [web(layout)], ["old"], None).actions == ["add web"]
    written(layout, web(layout))
    assert not plan(layout, [web(layout)], ["old"], None).changed


def test_what_shall_not_be_there_goes_with_its_logs_and_no_others(
    layout: Layout, daemon: StandInSupervisord, supervisor: Supervisor
) -> None:
    written(layout, web(layout))
    daemon.runs("web")
    logs = Path(layout.log)
    for name in ("web.out.log", "web.out.log.1", "web.err.log", "web.out.log.old", "web2.out.log"):
        (logs / name).touch()
    todo = plan(layout, [], ["web", "unknown"], ask(supervisor))
    assert (todo.delete, todo.actions) == (["web"], ["remove web"])
    daemon.then["web"] = ["STOPPED"]
    apply(layout, supervisor, [], todo, 5)
    assert daemon.processes == {}
    assert not os.path.exists(layout.program("web"))
    assert sorted(os.listdir(logs)) == ["web.out.log.old", "web2.out.log"]


def test_a_program_that_does_not_stop_is_named(
    layout: Layout, daemon: StandInSupervisord, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_programs, "_STOP_GRACE", 0.1)
    daemon.configured = ["web"]
    daemon.runs("web")
    daemon.stubborn.add("web")
    program = web(layout, stop_wait=0)
    todo = plan(layout, [program], [], ask(supervisor))
    with pytest.raises(ProgramError, match="web does not stop, not even killed"):
        apply(layout, supervisor, [program], todo, 5)


@pytest.mark.parametrize(("states", "wait"), [(["STARTING", "FATAL"], 60.0), (["STARTING"] * 100, 0.2)])
def test_a_program_that_does_not_stay_up_is_told_with_the_end_of_its_log(
    layout: Layout, daemon: StandInSupervisord, supervisor: Supervisor, states: list[str], wait: float
) -> None:
    daemon.configured = ["web"]
    daemon.then["web"] = states
    (Path(layout.log) / "web.err.log").write_text("no such module\n")
    program = web(layout)
    with pytest.raises(ProgramError, match=r"web did not stay up \((FATAL|STARTING)\)") as caught:
        apply(layout, supervisor, [program], plan(layout, [program], [], ask(supervisor)), wait)
    assert "no such module" in str(caught.value)


def test_a_program_that_shall_not_run_is_not_waited_for(
    layout: Layout, daemon: StandInSupervisord, supervisor: Supervisor
) -> None:
    daemon.configured = ["web"]
    daemon.then["web"] = ["STOPPED"]
    program = web(layout, autostart=False)
    apply(layout, supervisor, [program], plan(layout, [program], [], ask(supervisor)), 0)


def test_a_program_of_somebody_else_is_left_alone(layout: Layout) -> None:
    Path(layout.programs).mkdir(parents=True)
    Path(layout.program("web")).write_text("[program:web]\n")
    for wanted, absent in (([web(layout)], []), ([], ["web"])):
        with pytest.raises(ProgramError, match="is a program of somebody else"):
            plan(layout, wanted, absent, None)


def test_names_of_instances_and_names_that_are_there_twice_are_refused() -> None:
    """X12"""
    check_names(["web", "worker"])
    with pytest.raises(ProgramError, match="this is the program of an app's instance"):
        check_names(["web", "app." + "0" * 32])
    with pytest.raises(ProgramError, match="web: this program is there twice"):
        check_names(["web", "worker", "web"])
