# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import signal
import socket
import socketserver
import subprocess
import threading
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.rpc import (
    DaemonDownError,
    NotAllowedError,
    Supervisor,
    SupervisorError,
    process_from_info,
)
from helpers.stand_in_supervisord import StandInSupervisord

# Captured from supervisor 4.2.5 and 4.3.0, which answer alike; shortened by the logs.
CAPTURED: dict[str, dict[str, t.Any]] = {
    "RUNNING": {
        "description": "pid 12374, uptime 0:00:06",
        "pid": 12374,
        "start": 1795247236,
        "stop": 0,
        "now": 1795247242,
        "exitstatus": 0,
        "spawnerr": "",
    },
    "STARTING": {
        "description": "",
        "pid": 12374,
        "start": 1795247236,
        "stop": 0,
        "now": 1795247237,
        "exitstatus": 0,
        "spawnerr": "",
    },
    "BACKOFF": {
        "description": "Exited too quickly (process log may have details)",
        "pid": 0,
        "start": 1795247236,
        "stop": 1795247236,
        "now": 1795247237,
        "exitstatus": 0,
        "spawnerr": "Exited too quickly (process log may have details)",
    },
    "FATAL": {
        "description": "can't find command '/bin/none'",
        "pid": 0,
        "start": 1795247237,
        "stop": 0,
        "now": 1795247242,
        "exitstatus": 0,
        "spawnerr": "can't find command '/bin/none'",
    },
    "EXITED": {
        "description": "Nov 21 07:47 AM",
        "pid": 0,
        "start": 1795247236,
        "stop": 1795247239,
        "now": 1795247242,
        "exitstatus": 7,
        "spawnerr": "",
    },
    "STOPPED": {
        "description": "Not started",
        "pid": 0,
        "start": 0,
        "stop": 0,
        "now": 1795247242,
        "exitstatus": 0,
        "spawnerr": "",
    },
}


def captured(state: str, **more: t.Any) -> dict[str, t.Any]:
    logs = {"stdout_logfile": "/l/x.out.log", "stderr_logfile": "/l/x.err.log"}
    return {"name": "x", "group": "x", "statename": state, **logs, **CAPTURED[state], **more}


@pytest.mark.parametrize(
    ("state", "uptime", "exit_status", "stopped"),
    [
        ("RUNNING", 6, None, False),
        ("STARTING", 1, None, False),
        ("BACKOFF", 0, None, False),
        ("FATAL", 0, None, True),
        ("EXITED", 0, 7, True),
        ("STOPPED", 0, None, True),
    ],
)
def test_states(state: str, uptime: int, exit_status: int | None, stopped: bool) -> None:
    """S0-51: every state; supervisord's exit status 0 of a program that crashes while it starts means nothing."""
    process = process_from_info(captured(state))
    assert (process.state, process.uptime, process.exit_status, process.stopped) == (
        state,
        uptime,
        exit_status,
        stopped,
    )
    assert process.spawn_error == CAPTURED[state]["spawnerr"]


def test_names_are_those_that_people_type() -> None:
    """S0-51: a program of a group of others is group:program."""
    assert process_from_info(captured("RUNNING")).name == "x"
    assert process_from_info(captured("RUNNING", group="g")).name == "g:x"


def test_a_clock_that_was_set_back_gives_no_negative_uptime() -> None:
    """S0-51."""
    assert process_from_info(captured("RUNNING", now=1795247000)).uptime == 0


# -- Questions to a daemon


@pytest.fixture
def daemon(tmp_path: Path) -> t.Iterator[StandInSupervisord]:
    with StandInSupervisord(str(tmp_path / "s")) as daemon:
        yield daemon


@pytest.fixture
def supervisor(tmp_path: Path) -> Supervisor:
    return Supervisor(str(tmp_path / "s"), 5)


def test_what_a_daemon_says_of_itself(daemon: StandInSupervisord, supervisor: Supervisor) -> None:
    daemon.log = "0123456789"
    assert (supervisor.version(), supervisor.pid(), supervisor.is_up()) == ("4.3.0", 4242, True)
    assert supervisor.log_end(4) == "6789"
    supervisor.restart()
    assert daemon.asked == ["restart"]
    daemon.state = "RESTARTING"
    assert not supervisor.is_up()
    daemon.log = None
    assert supervisor.log_end(4) == ""


def test_processes_are_found_by_the_names_that_people_type(daemon: StandInSupervisord, supervisor: Supervisor) -> None:
    daemon.runs("web")
    daemon.runs("group:worker", "FATAL", description="no such file")
    found = supervisor.processes()
    assert {name: process.state for name, process in found.items()} == {"web": "RUNNING", "group:worker": "FATAL"}
    assert found["group:worker"].description == "no such file"


def test_without_a_socket_the_text_says_that_the_daemon_does_not_run(supervisor: Supervisor) -> None:
    with pytest.raises(DaemonDownError, match=r"there is no such socket, so supervisord is not running\. Start"):
        supervisor.processes()
    assert not supervisor.is_up()


def test_a_socket_that_nobody_listens_on_is_one_of_a_killed_daemon(tmp_path: Path, supervisor: Supervisor) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "s"))
    with pytest.raises(DaemonDownError, match="nobody listens on this socket, so supervisord was killed"):
        supervisor.pid()


def test_a_daemon_that_hangs_is_not_waited_for_without_end(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as hanging:
        hanging.bind(str(tmp_path / "s"))
        hanging.listen()
        with pytest.raises(DaemonDownError, match=r"supervisord did not answer within 0\.1 s"):
            Supervisor(str(tmp_path / "s"), 0.1).pid()


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (b"HTTP/1.0 401 Unauthorized\r\n\r\n", "answers 401 Unauthorized: it is not a supervisord, or it asks for"),
        (b"HTTP/1.0 200 OK\r\nContent-Type: text/xml\r\n\r\nhello", "gives no XML-RPC answer"),
        (b"nonsense\r\n\r\n", "does not answer on"),
    ],
)
def test_a_socket_of_something_else_is_told(tmp_path: Path, supervisor: Supervisor, answer: bytes, text: str) -> None:
    class Other(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            length = 0
            while line := self.rfile.readline().strip():
                name, _colon, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            self.rfile.read(length)
            self.wfile.write(answer)

    with socketserver.UnixStreamServer(str(tmp_path / "s"), Other) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            with pytest.raises(SupervisorError, match=text):
                supervisor.pid()
        finally:
            server.shutdown()


def test_who_may_not_open_the_socket_is_told_to_become_another_user(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: t.Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    with pytest.raises(NotAllowedError, match="run as the user that the daemon belongs to"):
        supervisor.processes()


def test_a_daemon_that_ends_counts_as_down_and_other_faults_are_its_own(
    daemon: StandInSupervisord, supervisor: Supervisor
) -> None:
    daemon.fault = (6, "SHUTDOWN_STATE")
    with pytest.raises(DaemonDownError, match="ends its programs, to stop or to begin anew"):
        supervisor.processes()
    daemon.fault = (1, "UNKNOWN_METHOD")
    with pytest.raises(Exception, match="UNKNOWN_METHOD"):
        supervisor.processes()


# -- What it is told to do


def test_what_differs_on_disk_is_told_sorted(daemon: StandInSupervisord, supervisor: Supervisor) -> None:
    daemon.configured = ["c", "b", "a"]
    daemon.runs("a")
    daemon.runs("z")
    daemon.runs("y")
    daemon.changed = ["b", "a"]
    assert supervisor.reread() == (["b", "c"], ["a", "b"], ["y", "z"])
    daemon.wrong_configuration = "no section"
    with pytest.raises(SupervisorError, match="goes on with the old one: no section"):
        supervisor.reread()


def test_a_program_is_added_once(daemon: StandInSupervisord, supervisor: Supervisor) -> None:
    daemon.configured = ["web"]
    supervisor.add("web")
    supervisor.add("web")
    assert supervisor.processes()["web"].state == "RUNNING"
    with pytest.raises(SupervisorError, match="has no program other: it includes another folder"):
        supervisor.add("other")


def test_a_program_that_runs_is_not_started_again(daemon: StandInSupervisord, supervisor: Supervisor) -> None:
    daemon.runs("web")
    supervisor.start("web")
    with pytest.raises(SupervisorError, match="cannot start none: BAD_NAME: none"):
        supervisor.start("none")


def test_a_start_can_be_waited_for(daemon: StandInSupervisord, supervisor: Supervisor) -> None:
    daemon.runs("web", "STOPPED")
    daemon.then["web"] = ["STARTING", "RUNNING"]
    supervisor.start("web", wait=True)
    assert daemon.processes["web"]["statename"] == "RUNNING"
    daemon.runs("worker", "STOPPED", description="exited too quickly")
    daemon.then["worker"] = ["STARTING", "FATAL"]
    with pytest.raises(SupervisorError, match=r"worker did not stay up \(FATAL\): exited too quickly"):
        supervisor.start("worker", wait=True)


def test_a_start_that_is_not_waited_for_returns_at_once(daemon: StandInSupervisord, supervisor: Supervisor) -> None:
    daemon.runs("web", "STOPPED")
    daemon.then["web"] = ["FATAL"]
    supervisor.start("web")
    assert daemon.asked == ["start web"]


def test_a_stop_is_waited_for_as_long_as_it_is_wanted(daemon: StandInSupervisord, supervisor: Supervisor) -> None:
    daemon.runs("web")
    assert supervisor.stop("web", 5)
    assert daemon.processes["web"]["statename"] == "STOPPED"
    assert supervisor.stop("web", 0), "it is stopped already"
    assert supervisor.stop("unknown", 0)
    daemon.runs("worker")
    daemon.then["worker"] = ["STOPPING"] * 1000
    assert not supervisor.stop("worker", 0)
    begun = time.monotonic()
    assert not supervisor.stop("worker", 0.3)
    assert 0.3 <= time.monotonic() - begun < 3


def test_a_program_that_is_gone_while_it_is_stopped_is_stopped(
    daemon: StandInSupervisord, supervisor: Supervisor
) -> None:
    daemon.runs("web")
    daemon.stubborn.add("web")
    threading.Timer(0.2, daemon.processes.clear).start()
    assert supervisor.stop("web", 5)


def test_who_may_kill_does_so_before_the_stop_wait_is_over(daemon: StandInSupervisord, supervisor: Supervisor) -> None:
    with subprocess.Popen(["sleep", "5"], start_new_session=True) as process:
        daemon.runs("web", pid=process.pid)
        daemon.stubborn.add("web")
        assert not supervisor.stop("web", 0.2)
        assert process.poll() is None, "nobody has allowed it"
        assert not supervisor.stop("web", 0.5, kill_after=0)
        assert process.wait(5) == -signal.SIGKILL
        daemon.then["web"] = ["STOPPING"] * 2 + ["STOPPED"]
        daemon.runs("web", pid=process.pid)
        assert supervisor.stop("web", 5, kill_after=0), "a process that is gone is no fault"


def test_a_running_program_is_not_forgotten(daemon: StandInSupervisord, supervisor: Supervisor) -> None:
    daemon.runs("web")
    with pytest.raises(SupervisorError, match="does not remove web: STILL_RUNNING"):
        supervisor.remove("web")
    daemon.runs("web", "STOPPED")
    supervisor.remove("web")
    supervisor.remove("web")
    assert supervisor.processes() == {}
