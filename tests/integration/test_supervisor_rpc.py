# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""supervisor's RPC interface against real daemons."""

from __future__ import annotations

import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.conf import program_text
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.rpc import (
    DaemonDownError,
    NotAllowedError,
    Supervisor,
    SupervisorError,
)
from ansible_collections.selfhost.pyapps.plugins.modules import supervisorctl_info
from helpers.modules import run_module
from helpers.supervisord import VERSIONS, Supervisord, supervisor_environment, wait_for

SLEEP = ["/bin/sleep", "600"]


@pytest.fixture(scope="module", params=VERSIONS)
def bin_folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return supervisor_environment(tmp_path_factory.mktemp("env") / "env", request.param)


@pytest.fixture
def daemon(bin_folder: Path) -> t.Iterator[Supervisord]:
    supervisord = Supervisord(bin_folder)
    supervisord.start()
    yield supervisord
    supervisord.close()


def test_every_state_of_a_program_is_told_apart(daemon: Supervisord) -> None:
    """S0-47, S0-48, S0-51: RUNNING, STARTING, BACKOFF, FATAL, STOPPED and EXITED, with what is known of each."""

    def add(name: str, command: list[str], **options: t.Any) -> None:
        daemon.add(name, program_text(name, command, layout=daemon.layout, **options))

    add("runs", SLEEP, start_seconds=0)
    add("starts", SLEEP, start_seconds=600)
    add("crashes", ["/bin/false"], start_retries=100)
    add("gave-up", ["/bin/false"], start_retries=0)
    add("absent", ["/nowhere/x"], start_retries=100)
    add("stopped", SLEEP, autostart=False)
    exits = program_text("exits", ["/bin/sh", "-c", "exit 7"], layout=daemon.layout, start_seconds=0)
    daemon.add("exits", exits.replace("autorestart=true", "autorestart=false"))
    for name, state in (("runs", "RUNNING"), ("starts", "STARTING"), ("crashes", "BACKOFF"), ("gave-up", "FATAL")):
        daemon.wait_for_state(name, state)
    daemon.wait_for_state("exits", "EXITED")
    daemon.wait_for_state("absent", "BACKOFF")

    answer = run_module(supervisorctl_info, root=str(daemon.root))

    assert answer["changed"] is False
    assert answer["daemon"]["running"] is True
    assert answer["daemon"]["pid"] > 1
    assert answer["daemon"]["version"] in VERSIONS
    processes = answer["processes"]
    assert sorted(processes) == ["absent", "crashes", "exits", "gave-up", "runs", "starts", "stopped"]
    assert processes["runs"]["pid"] > 1
    assert processes["runs"]["uptime"] in range(60)
    assert processes["crashes"]["last_error"].startswith("Exited too quickly")
    assert processes["gave-up"]["last_error"].startswith("Exited too quickly")
    assert processes["gave-up"]["pid"] is None
    assert processes["absent"]["last_error"] == "can't find command '/nowhere/x'"
    assert processes["exits"]["exit_status"] == 7
    assert processes["stopped"] == {
        "state": "STOPPED",
        "pid": None,
        "uptime": None,
        "exit_status": None,
        "last_error": "",
    }


def test_an_app_is_asked_for_by_its_name(daemon: Supervisord) -> None:
    """S0-101: people say the app's name, and hear what is not there."""
    program = "app_1." + "0" * 32
    for name in (program, "app_1.more", "app_10." + "0" * 32):
        daemon.add(name, program_text(name, SLEEP, layout=daemon.layout, start_seconds=0))
    answer = run_module(supervisorctl_info, socket=daemon.layout.supervisor_socket, names=["app_1", "app_2"])
    assert list(answer["processes"]) == [program]
    assert answer["missing"] == ["app_2"]


def test_a_daemon_that_is_down_is_an_answer_of_its_own(daemon: Supervisord) -> None:
    """S0-48: never started, killed (its socket stays), and stopped."""
    daemon.kill()
    killed = run_module(supervisorctl_info, root=str(daemon.root))
    assert killed["daemon"]["running"] is False
    assert "nobody listens" in killed["daemon"]["reason"]
    assert daemon.layout.supervisor_socket in killed["daemon"]["reason"]
    assert killed["processes"] == {}
    daemon.start()
    wait_for(lambda: run_module(supervisorctl_info, root=str(daemon.root))["daemon"]["running"], 10, "it runs again")
    assert daemon.stop() == 0
    with pytest.raises(DaemonDownError, match="no such socket"):
        daemon.rpc.processes()


def test_a_daemon_that_does_not_answer_is_not_waited_for_for_ever(daemon: Supervisord) -> None:
    """S0-48."""
    pid = str(daemon.rpc.pid())
    subprocess.run(["kill", "-STOP", pid], check=True)
    try:
        with pytest.raises(DaemonDownError, match=r"within 0\.5 s"):
            Supervisor(daemon.layout.supervisor_socket, timeout=0.5).processes()
    finally:
        subprocess.run(["kill", "-CONT", pid], check=True)


def test_the_daemon_begins_again_as_the_same_process(daemon: Supervisord) -> None:
    """A container ends with its first process, so a changed configuration is read by the one that is there."""
    daemon.add("runs", program_text("runs", SLEEP, layout=daemon.layout, start_seconds=0))
    pid, before = daemon.rpc.pid(), daemon.wait_for_state("runs", "RUNNING").pid
    daemon.rpc.restart()
    wait_for(daemon.rpc.is_up, 20, "its programs run again")
    assert daemon.rpc.pid() == pid
    assert daemon.wait_for_state("runs", "RUNNING").pid != before


def test_only_the_program_that_was_named_is_added(daemon: Supervisord) -> None:
    """S0-43: what else differs on disk is left as it is."""
    layout = daemon.layout
    daemon.add("one", program_text("one", SLEEP, layout=layout))
    pid = daemon.rpc.processes()["one"].pid
    Path(layout.program("one")).write_text(program_text("one", SLEEP, layout=layout, stop_wait=3))
    Path(layout.program("other")).write_text(program_text("other", SLEEP, layout=layout))
    daemon.add("two", program_text("two", SLEEP, layout=layout))
    daemon.rpc.add("two")
    processes = daemon.rpc.processes()
    assert sorted(processes) == ["one", "two"]
    assert processes["one"].pid == pid
    assert daemon.rpc.reread() == (["other"], ["one"], [])


def test_stop_and_remove(daemon: Supervisord) -> None:
    """S0-49: a program that ignores its signal is killed; what is gone already is fine."""
    deaf = [
        sys.executable,
        "-c",
        "import signal,time; signal.signal(15, signal.SIG_IGN); print(flush=True); time.sleep(99)",
    ]
    daemon.add("deaf", program_text("deaf", deaf, layout=daemon.layout, stop_wait=2, start_seconds=0))
    log = Path(daemon.layout.log, "deaf.out.log")
    wait_for(lambda: log.exists() and log.read_text() == "\n", 10, "it ignores the signal")
    assert daemon.rpc.stop("deaf", wait=0) is False
    with pytest.raises(SupervisorError, match="STILL_RUNNING"):
        daemon.rpc.remove("deaf")
    assert daemon.rpc.stop("deaf", wait=10) is True
    daemon.rpc.remove("deaf")
    daemon.rpc.remove("deaf")
    assert daemon.rpc.stop("deaf", wait=1) is True


def test_who_is_in_a_hurry_kills_before_the_stop_wait_is_over(daemon: Supervisord) -> None:
    """S0-49: and the program's children with it."""
    ignore = "import signal,time; signal.signal(15, signal.SIG_IGN); "
    child = ignore + "print(flush=True); time.sleep(999)"
    deaf = [sys.executable, "-c", ignore + "import subprocess,sys; subprocess.run([sys.executable, '-c', %r])" % child]
    daemon.add("deaf", program_text("deaf", deaf, layout=daemon.layout, stop_wait=600, start_seconds=0))
    log = Path(daemon.layout.log, "deaf.out.log")
    wait_for(lambda: log.exists() and log.read_text() == "\n", 20, "both ignore the signal")
    group = daemon.rpc.processes()["deaf"].pid
    assert daemon.rpc.stop("deaf", wait=60, kill_after=0.3) is True
    wait_for(lambda: not members(group), 20, "its child is gone, too")


def members(group: int) -> list[str]:
    """The processes of a group that still run."""
    lines = subprocess.run(["ps", "-eo", "pgid=,stat=,pid="], capture_output=True, text=True, check=True).stdout
    found = [line.split() for line in lines.splitlines()]
    return [pid for pgid, state, pid in found if pgid == str(group) and not state.startswith("Z")]


def test_errors_say_what_to_do(daemon: Supervisord) -> None:
    """S0-48."""
    with pytest.raises(SupervisorError, match="no program nobody"):
        daemon.rpc.add("nobody")
    daemon.add("missing", program_text("missing", ["/nowhere/x"], layout=daemon.layout, autostart=False))
    with pytest.raises(SupervisorError, match="can't find command '/nowhere/x'"):
        daemon.rpc.start("missing")
    daemon.add("short", program_text("short", ["/bin/false"], layout=daemon.layout, autostart=False))
    with pytest.raises(SupervisorError, match="short did not stay up"):
        daemon.rpc.start("short", wait=True)
    Path(daemon.layout.program("broken")).write_text("[program:broken]\nautostart=perhaps\n")
    with pytest.raises(SupervisorError, match="perhaps"):
        daemon.rpc.reread()


def test_arguments_arrive_as_they_are(daemon: Supervisord) -> None:
    """S0-45: a ``%`` survives, and so does everything else that supervisor or a shell would read otherwise."""
    odd = ["100%", "%(here)s", " ; no comment", "a #b", ";", "#", "", "it's", '"', "\\", "*", "$HOME", "é", "end"]
    echo = [sys.executable, "-c", "import sys; sys.stdout.write(ascii(sys.argv[1:]) + '\\n')", *odd]
    daemon.add("echo", program_text("echo", echo, layout=daemon.layout, start_seconds=0))
    log = Path(daemon.layout.log, "echo.out.log")
    wait_for(lambda: log.exists() and "\n" in log.read_text(), 10, "its output")
    assert log.read_text().splitlines()[0] == ascii(odd)


def test_the_socket_is_closed_to_other_users(daemon: Supervisord) -> None:
    """S0-40: no app can open it; who may not is told so, and not that the daemon is down."""
    socket = daemon.layout.supervisor_socket
    assert os.stat(socket).st_mode & 0o777 == 0o700
    if os.geteuid() == 0:  # without root all apps are the same user
        child = os.fork()
        if child == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            try:
                Supervisor(socket).processes()
            except NotAllowedError:
                os._exit(42)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 42
