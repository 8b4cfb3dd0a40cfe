# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate's judgement, with a small server in place of an app; real apps are in tests/integration."""

from __future__ import annotations

import http.server
import os
import socket
import threading
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.deploy_settings import DeploySettings
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy import gate as _gate
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.rpc import Process, Supervisor
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_record import InstanceRecord

SETTINGS = {"kind": "streamlit", "base_path": "/app", "streamlit": {"config": {}}}
HEALTH = "/app/_stcore/health"


class Known(Supervisor):
    """Knows one program, whose process is this test's, and then the other pids that it is given."""

    def __init__(self, name: str, state: str = "RUNNING", pids: t.Sequence[int] = (1,)) -> None:
        super().__init__("/nonexistent")
        self.name, self.state, self.pids = name, state, list(pids)

    def processes(self) -> dict[str, Process]:
        pid = self.pids.pop(0) if len(self.pids) > 1 else self.pids[0]
        return {self.name: Process(self.name, self.name, self.state, pid, 0, 0, 0, 0, "", "", "", "")}


@pytest.fixture
def answers() -> t.Iterator[dict[str, tuple[int, bytes]]]:
    """What a server on a free port answers, by path; ``port`` is in it as a status."""
    table: dict[str, tuple[int, bytes]] = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = table.get(self.path, (200, b"<html>"))  # as Streamlit answers what it does not know
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: t.Any) -> None:
            """Nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        table["port"] = (server.server_address[1], b"")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield table
        server.shutdown()


def candidate(tmp_path: Path, port: int, **options: t.Any) -> _gate.Candidate:
    record = InstanceRecord("app", "0" * 32, port, "0" * 16, "2026-11-21T07:42:00Z")
    deploy = DeploySettings(start_timeout=options.pop("start_timeout", 0.5), script_timeout=5)
    values = {"uid": os.geteuid(), "deploy": deploy, "supervisor": Known(record.program)}
    return _gate.Candidate(layout=Layout(str(tmp_path)), record=record, settings=SETTINGS, **{**values, **options})


def refused(one: _gate.Candidate) -> tuple[str, str]:
    with pytest.raises(_gate.GateError) as caught:
        _gate.prove(one)
    return caught.value.step, caught.value.reason


def test_a_listener_of_another_user_is_named_and_left_alone(
    answers: dict[str, tuple[int, bytes]], tmp_path: Path
) -> None:
    """C-20: a port is proven, not assumed; who has it is told by pid."""
    port = answers["port"][0]
    step, reason = refused(candidate(tmp_path, port, uid=os.geteuid() + 1))
    assert step == "start"
    assert "port %d is held by pid %d" % (port, os.getpid()) in reason
    assert "left alone" in reason


def test_a_process_that_does_not_listen_is_refused_at_its_limit(tmp_path: Path) -> None:
    step, reason = refused(candidate(tmp_path, 9))
    assert (step, "does not listen on port 9 after 0.5 s" in reason) == ("start", True)


def test_200_with_another_body_is_not_healthy(answers: dict[str, tuple[int, bytes]], tmp_path: Path) -> None:
    """C-01: 200 alone is meaningless."""
    step, reason = refused(candidate(tmp_path, answers["port"][0]))
    assert (step, "'<html>' instead of 200 'ok'" in reason) == ("health", True)


def test_a_server_without_websockets_is_refused(answers: dict[str, tuple[int, bytes]], tmp_path: Path) -> None:
    """C-01: a real handshake, not a status."""
    answers[HEALTH] = (200, b"ok")
    step, reason = refused(candidate(tmp_path, answers["port"][0]))
    assert (step, "refused with 200" in reason) == ("handshake", True)


def test_a_process_that_was_replaced_meanwhile_is_refused(
    answers: dict[str, tuple[int, bytes]], tmp_path: Path
) -> None:
    """X14: supervisor says RUNNING for a process that dies and is started again; its pid tells."""
    answers[HEALTH] = (200, b"ok")
    one = candidate(tmp_path, answers["port"][0])
    one.process("start")
    one.supervisor = Known(one.record.program, pids=[2])
    with pytest.raises(_gate.GateError, match="ended by itself"):
        one.process("stable")


@pytest.mark.parametrize("state", ["BACKOFF", "FATAL", "EXITED", "STOPPED"])
def test_a_program_that_does_not_run_is_refused_at_once(tmp_path: Path, state: str) -> None:
    one = candidate(tmp_path, 9, start_timeout=600)
    one.supervisor = Known(one.record.program, state)
    assert refused(one)[0] == "start"


# -- Patience


def test_a_process_that_listens_late_is_waited_for(answers: dict[str, tuple[int, bytes]], tmp_path: Path) -> None:
    answers[HEALTH] = (503, b"")
    threading.Timer(0.3, answers.__setitem__, (HEALTH, (200, b"ok"))).start()
    one = candidate(tmp_path, answers["port"][0], start_timeout=20)
    assert refused(one)[0] == "handshake", "it has become healthy in time"


def test_a_process_that_dies_while_it_is_asked_is_refused_before_its_limit(
    answers: dict[str, tuple[int, bytes]], tmp_path: Path
) -> None:
    one = candidate(tmp_path, answers["port"][0], start_timeout=600)
    one.supervisor = Known(one.record.program, pids=[1, 1, 2])
    step, reason = refused(one)
    assert (step, "the process ended by itself" in reason) == ("health", True)


def test_a_program_that_supervisor_has_lost_is_another_runs_doing(tmp_path: Path) -> None:
    one = candidate(tmp_path, 9, start_timeout=600)
    one.supervisor = Known("other")
    assert refused(one) == ("start", "supervisor has lost the program: does another run change this host?")


def test_a_candidate_is_watched_for_as_long_as_its_app_wants(
    answers: dict[str, tuple[int, bytes]], tmp_path: Path
) -> None:
    answers[HEALTH] = (200, b"ok")
    deploy = DeploySettings(stable_time=0.5)
    one = candidate(tmp_path, answers["port"][0], deploy=deploy)
    one.process("start")
    begun = time.monotonic()
    _gate._prove_stable(one)
    assert 0.3 < time.monotonic() - begun < 10
    answers[HEALTH] = (503, b"")
    with pytest.raises(_gate.GateError, match="answers 503"):
        _gate._prove_stable(one)


def test_the_public_address_is_asked_last(tmp_path: Path) -> None:
    one = candidate(tmp_path, 9, public_url="https://apps.example.com:8443/x")
    assert _gate._addresses(one) == ["http://localhost:9", "https://apps.example.com:8443"]
    assert _gate._addresses(candidate(tmp_path, 9)) == ["http://localhost:9"]


def test_a_listener_that_comes_late_is_waited_for(tmp_path: Path) -> None:
    with socket.socket() as late:
        late.bind(("127.0.0.1", 0))
        threading.Timer(0.3, late.listen).start()
        one = candidate(tmp_path, late.getsockname()[1], start_timeout=20)
        _gate._prove_start(one, time.monotonic() + 20)
