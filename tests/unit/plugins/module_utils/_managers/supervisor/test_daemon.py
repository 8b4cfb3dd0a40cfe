# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._entry import (
    module_supervisor_daemon as supervisor_daemon,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor import (
    daemon as _supervisor_daemon,
    service as _supervisor_service,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.files import Wish
from helpers.stand_in_supervisord import StandInSupervisord


def wish(root: Path, manager: str, activate: bool) -> Wish:
    return Wish(Layout(str(root)), own=True, from_debian=True, manager=manager, as_root=False, activate=activate)


def test_laying_out_writes_files_and_tells_no_service_manager(tmp_path: Path) -> None:
    """Design rule 11: laying out and activating are two acts."""
    laid_out = _supervisor_daemon.plan_present(wish(tmp_path, "none", activate=False), running=False)
    activated = _supervisor_daemon.plan_present(wish(tmp_path, "none", activate=True), running=False)
    assert laid_out.write == activated.write != []
    assert laid_out.service == []
    assert activated.service == ["start"]


def test_who_is_the_first_process_of_a_container_can_not_be_started(tmp_path: Path) -> None:
    """S0-92: it starts and ends with the container."""
    wanted = wish(tmp_path, "supervisor", activate=True)
    todo = _supervisor_daemon.Plan(service=["start"])
    with pytest.raises(_supervisor_daemon.DaemonError, match="start the container"):
        _supervisor_service.apply(wanted, todo, lambda command: (0, "", ""), str)


@pytest.mark.parametrize(
    ("manager", "needs_root"), [("systemd", True), ("sysv", True), ("none", False), ("supervisor", False)]
)
def test_who_is_not_root_has_no_service_manager(tmp_path: Path, manager: str, needs_root: bool) -> None:
    """The first process of a container may be anybody's."""
    wanted = wish(tmp_path, manager, activate=False)
    if needs_root:
        with pytest.raises(_supervisor_daemon.DaemonError, match="service_manager=%s needs root" % manager):
            supervisor_daemon.check(wanted)
    else:
        supervisor_daemon.check(wanted)


def test_folders_that_an_earlier_run_left_open_to_all_are_closed(tmp_path: Path) -> None:
    wanted = wish(tmp_path, "none", activate=False)
    for folder in wanted.folders:
        os.makedirs(folder.path)
        os.chmod(folder.path, folder.mode)
    assert _supervisor_daemon.plan_present(wanted, running=False).folders == []
    programs = wanted.layout.programs
    os.chmod(programs, 0o777)
    found = _supervisor_daemon.plan_present(wanted, running=False)
    assert [folder.path for folder in found.folders] == [programs]
    assert found.changed


# -- A daemon of our own, without root


class Machine:
    """Keeps what it is asked to run; a daemon that is started listens, one that is stopped does not."""

    def __init__(self, wanted: Wish) -> None:
        self.wanted, self.asked, self.refuses = wanted, list[str](), ""
        self.daemon: StandInSupervisord | None = None

    def __call__(self, command: list[str], **_: t.Any) -> tuple[int, str, str]:
        self.asked.append(os.path.basename(command[0]) + " " + command[-1])
        if self.refuses and self.refuses in command:
            return 1, "", "refused"
        if command[-1] in ("start", "restart") and self.daemon is None:
            os.makedirs(os.path.dirname(self.wanted.socket), exist_ok=True)
            self.daemon = StandInSupervisord(self.wanted.socket).__enter__()
        elif command[-1] == "stop":
            self.stop()
        return 0, "", ""

    def stop(self) -> None:
        if self.daemon:
            self.daemon.__exit__()
            os.unlink(self.wanted.socket)
            self.daemon = None


@pytest.fixture
def machine(tmp_path: Path) -> t.Iterator[Machine]:
    machine = Machine(wish(tmp_path, "none", activate=True))
    yield machine
    machine.stop()


def plan(machine: Machine) -> _supervisor_daemon.Plan:
    return _supervisor_daemon.plan_present(machine.wanted, _supervisor_daemon.is_running(machine.wanted))


def bring(machine: Machine) -> _supervisor_daemon.Plan:
    todo = plan(machine)
    machine.asked.clear()
    _supervisor_service.apply(machine.wanted, todo, machine, lambda path: path)
    _supervisor_service.remember(machine.wanted)
    return todo


def test_a_daemon_is_started_once(machine: Machine) -> None:
    todo = bring(machine)
    assert todo.service == ["start"]
    assert [line.split()[-1] for line in machine.asked][-1] == "start"
    assert Path(machine.wanted.layout.supervisor_conf).exists()
    again = plan(machine)
    assert (again.changed, again.service, again.write) == (False, [], [])


def test_a_daemon_that_was_started_with_something_else_is_restarted(machine: Machine) -> None:
    bring(machine)
    stamp = Path(_supervisor_daemon.stamp(machine.wanted))
    stamp.write_text("of a run that was killed")
    assert (plan(machine).write, plan(machine).service) == ([], ["restart"])
    assert bring(machine).service == ["restart"]
    assert plan(machine).service == []


def test_a_file_that_somebody_has_edited_is_put_back_and_restarts_only_a_daemon_that_may_have_read_it(
    machine: Machine,
) -> None:
    bring(machine)
    conf = Path(machine.wanted.layout.supervisor_conf)
    conf.write_text("edited")
    assert (plan(machine).write, plan(machine).service) == ([str(conf)], [])
    os.unlink(_supervisor_daemon.stamp(machine.wanted))
    assert (plan(machine).write, plan(machine).service) == ([str(conf)], ["restart"])
    bring(machine)
    os.unlink(_supervisor_daemon.stamp(machine.wanted))
    assert plan(machine).service == [], "of an older version, and nothing differs"


def test_another_mode_of_a_file_is_a_difference(machine: Machine) -> None:
    bring(machine)
    os.chmod(machine.wanted.script, 0o600)
    assert plan(machine).write == [machine.wanted.script]


def test_a_configuration_that_supervisor_refuses_is_not_put_in_place(machine: Machine) -> None:
    bring(machine)
    conf = Path(machine.wanted.layout.supervisor_conf)
    conf.write_text("mine")
    machine.refuses = "-c"
    with pytest.raises(_supervisor_daemon.DaemonError, match="supervisor refuses its configuration: refused"):
        bring(machine)
    assert conf.read_text() == "mine"
    assert [name for name in os.listdir(conf.parent) if "part" in name] == []


def test_what_is_replaced_is_kept(machine: Machine) -> None:
    bring(machine)
    Path(machine.wanted.layout.supervisor_conf).write_text("mine")
    kept: list[str] = []
    _supervisor_service.apply(machine.wanted, plan(machine), machine, lambda path: kept.append(path) or path)
    assert kept == [machine.wanted.layout.supervisor_conf]


def test_a_daemon_that_does_not_come_up_is_told_with_its_log(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_supervisor_service, "_UP_SECONDS", 0.2)
    os.makedirs(machine.wanted.layout.log)
    Path(machine.wanted.layout.log, "supervisord.log").write_text("no space\n")
    todo = plan(machine)
    with pytest.raises(_supervisor_daemon.DaemonError, match="does not answer after its start") as caught:
        _supervisor_service.apply(machine.wanted, todo, lambda command: (0, "", ""), str)
    assert str(caught.value).endswith("no space")


def test_a_service_manager_that_refuses_is_named(machine: Machine) -> None:
    machine.refuses = "start"
    with pytest.raises(_supervisor_daemon.DaemonError, match="daemon start failed: refused"):
        bring(machine)


def test_a_daemon_goes_with_its_files(machine: Machine) -> None:
    bring(machine)
    todo = _supervisor_daemon.plan_absent(machine.wanted, running=True)
    assert todo.service == ["stop"]
    assert len(todo.diff) == len(todo.delete) == 3
    _supervisor_service.apply(machine.wanted, todo, machine, str)
    assert machine.daemon is None
    assert not Path(machine.wanted.layout.supervisor_conf).exists()
    assert not _supervisor_daemon.plan_absent(machine.wanted, running=False).changed


def test_debians_daemon_only_gets_links_and_not_over_programs_of_ours(tmp_path: Path) -> None:
    layout = Layout(str(tmp_path))
    debians = Wish(layout, own=False, from_debian=True, manager="none", as_root=False, activate=False)
    assert sorted(_supervisor_daemon.plan_present(debians, running=True).links) == sorted(debians.links)
    os.makedirs(layout.programs)
    assert layout.programs in _supervisor_daemon.plan_present(debians, running=True).links
    Path(layout.programs, "web.conf").touch()
    with pytest.raises(_supervisor_daemon.DaemonError, match="holds programs of a daemon of our own"):
        _supervisor_daemon.plan_present(debians, running=True)


def test_only_programs_of_ours_are_taken_from_debians_daemon(tmp_path: Path) -> None:
    from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.conf import MANAGED

    (tmp_path / "ours.conf").write_text(MANAGED + "[program:ours]\n")
    (tmp_path / "theirs.conf").write_text("[program:theirs]\n")
    (tmp_path / "ours.txt").write_text(MANAGED)
    assert _supervisor_daemon.own_programs(str(tmp_path)) == [str(tmp_path / "ours.conf")]


@pytest.mark.parametrize(
    ("manager", "own", "asked"),
    [
        ("systemd", True, ["systemctl pyapps-supervisor"] * 2),
        ("systemd", False, ["systemctl supervisor"] * 2),
        ("sysv", True, ["update-rc.d defaults", "pyapps-supervisor start"]),
        ("sysv", False, ["update-rc.d defaults", "supervisor start"]),
    ],
)
def test_each_service_manager_is_told_in_its_words(
    tmp_path: Path, manager: str, own: bool, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_supervisor_service, "is_running", lambda wanted: True)
    wanted = Wish(Layout(str(tmp_path)), own=own, from_debian=True, manager=manager, as_root=True)
    machine = Machine(wanted)
    todo = _supervisor_daemon.Plan(service=["start", "enable"])
    told: list[str] = []

    def run(command: list[str]) -> tuple[int, str, str]:
        told.append(os.path.basename(command[0]) + " " + command[-1])
        return 0, "", ""

    _supervisor_service.apply(wanted, todo, run, str)
    assert told == asked
    assert machine.asked == []


def test_the_first_process_of_a_container_begins_anew_by_itself(tmp_path: Path) -> None:
    """S0-92"""
    wanted = wish(tmp_path, "supervisor", activate=True)
    os.makedirs(os.path.dirname(wanted.socket))
    with StandInSupervisord(wanted.socket) as daemon:
        _supervisor_service.apply(
            wanted, _supervisor_daemon.Plan(service=["restart"]), lambda command: (1, "", ""), str
        )
        assert daemon.asked == ["restart"]
