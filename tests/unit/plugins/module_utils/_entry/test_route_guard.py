# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import typing as t
from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._entry import route_guard as _route_guard
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import AppLayout, Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.rpc import DaemonDownError
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import serving as _serving

INSTANCE = "0" * 32
# Listens when it gets a line, and stops listening with the next one; it ends with its input.
SERVER = """
import socket, sys
port = int(sys.argv[1])
for line in sys.stdin:
    if line == "listen\\n":
        server = socket.create_server(("127.0.0.1", port))
    else:
        server.close()
    print("done", flush=True)
"""


class Server:
    """A process of an app."""

    def __init__(self, port: int) -> None:
        command = [sys.executable, "-c", SERVER, str(port)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def tell(self, order: str) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(order + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "done\n"

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


class Daemon:
    """What the guard asks of supervisord."""

    def __init__(self) -> None:
        self.pids: dict[str, int] | None = {}

    def processes(self) -> dict[str, SimpleNamespace]:
        if self.pids is None:
            raise DaemonDownError("it does not answer")
        return {name: SimpleNamespace(pid=pid) for name, pid in self.pids.items()}


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def app(tmp_path: Path, port: int) -> AppLayout:
    app = Layout(str(tmp_path)).app("app")
    os.makedirs(app.data)
    os.makedirs(app.marker(INSTANCE, port))
    return app


@pytest.fixture
def server(port: int) -> t.Iterator[Server]:
    with contextlib.closing(Server(port)) as server:
        yield server


class Guarded:
    """A guard with its daemon, and the marker that it looks at."""

    def __init__(self, tmp_path: Path, marker: str) -> None:
        self.guard, self.daemon, self.marker = _route_guard.RouteGuard(Layout(str(tmp_path))), Daemon(), marker
        self.guard._supervisor = t.cast(t.Any, self.daemon)

    def is_away(self) -> bool:
        """Whether the route is away after a look."""
        self.guard.look()
        return _serving.is_away(self.marker)


@pytest.fixture
def guarded(tmp_path: Path, app: AppLayout, port: int, server: Server) -> Guarded:
    guarded = Guarded(tmp_path, app.marker(INSTANCE, port))
    guarded.daemon.pids = {"app." + INSTANCE: server.process.pid}
    return guarded


def test_a_route_follows_the_port(guarded: Guarded, server: Server) -> None:
    assert guarded.is_away()
    server.tell("listen")
    assert not guarded.is_away()
    server.tell("close")
    assert guarded.is_away()
    server.tell("listen")
    assert not guarded.is_away()


def test_the_end_of_a_process_is_told_while_the_guard_waits(
    guarded: Guarded, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for the next look at the ports."""
    server.tell("listen")
    assert not guarded.is_away()
    monkeypatch.setattr(_route_guard, "LOOK", 3600)
    server.close()
    monkeypatch.setattr(_route_guard, "listener_uids", lambda ports=None: pytest.fail("the flag is set before"))
    with pytest.raises(BaseException, match="the flag is set before"):
        guarded.guard.look()
    assert _serving.is_away(guarded.marker)


def test_a_stranger_on_the_port_gets_no_route(
    guarded: Guarded, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(_route_guard, "owner_uid", lambda app: os.geteuid() + 1)
        server.tell("listen")
        assert guarded.is_away()
    guarded.guard._listed = 0
    assert not guarded.is_away()


def test_a_flag_that_could_not_be_set_is_set_by_the_next_look(
    guarded: Guarded, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_marker: str) -> None:
        raise OSError("the disk is full")

    server.tell("listen")
    assert not guarded.is_away()
    with monkeypatch.context() as patched:
        patched.setattr(_serving, "set_away", refused)
        server.tell("close")
        assert not guarded.is_away()
    guarded.guard._listed = time.monotonic() + 3600  # it does not look at the disk again
    assert guarded.is_away()


def test_a_supervisord_that_does_not_answer_takes_no_route_away(guarded: Guarded, server: Server) -> None:
    """Then the looks at the port are all there is."""
    guarded.daemon.pids = None
    server.tell("listen")
    assert not guarded.is_away()
    server.close()
    assert guarded.is_away()


def test_a_process_that_has_ended_before_it_could_be_watched_gets_no_route(
    guarded: Guarded, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.tell("listen")
    processes = guarded.daemon.processes

    def ends_meanwhile() -> dict[str, SimpleNamespace]:
        server.close()
        return processes()

    monkeypatch.setattr(guarded.daemon, "processes", ends_meanwhile)
    _serving.set_away(guarded.marker)
    assert guarded.is_away()


def test_an_instance_that_is_retired_is_forgotten(guarded: Guarded, server: Server) -> None:
    server.tell("listen")
    assert not guarded.is_away()
    assert guarded.guard._watched
    os.rmdir(guarded.marker)
    guarded.guard._listed = 0
    guarded.guard.look()
    assert not guarded.guard._watched


def test_only_markers_count(tmp_path: Path, app: AppLayout, port: int) -> None:
    for name in (".part-%s.%d-12" % (INSTANCE, port), "x", INSTANCE, "%s.99" % INSTANCE):
        os.mkdir(os.path.join(app.serving, name))
    os.makedirs(Layout(str(tmp_path)).app("without-data").marker(INSTANCE, port))
    found = _route_guard.markers(Layout(str(tmp_path)))
    assert [(marker.path, marker.port, marker.uid) for marker in found] == [
        (app.marker(INSTANCE, port), port, os.geteuid())
    ]
