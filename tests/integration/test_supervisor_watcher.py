# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The watcher, as a program of a real supervisord."""

from __future__ import annotations

import http.server
import os
import signal
import socket
import threading
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._entry.watcher import Watcher
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.pages import away_page
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.routes import app_routes
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import AppLayout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.lock import host_lock
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.conf import program_text
from helpers.fronts import entry
from helpers.supervisord import Supervisord, supervisor_environment, wait_for

INSTANCE = "0" * 32


@pytest.fixture(scope="module")
def bin_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return supervisor_environment(tmp_path_factory.mktemp("env") / "env", "4.3.0")


@pytest.fixture
def daemon(bin_folder: Path) -> t.Iterator[Supervisord]:
    supervisord = Supervisord(bin_folder)
    supervisord.start()
    yield supervisord
    supervisord.close()


def start_watcher(daemon: Supervisord) -> int:
    """Supervise the watcher; its pid."""
    command = ["/usr/bin/python3", "-I", daemon.layout.zipapp, "watch", daemon.layout.root]
    daemon.add("pyapps-watcher", program_text("pyapps-watcher", command, layout=daemon.layout, start_seconds=0))
    return daemon.wait_for_state("pyapps-watcher", "RUNNING").pid


class Server:
    """A server on a port that stays the same while it is down; nobody else gets it meanwhile."""

    def __init__(self, port: int = 0) -> None:
        # Bound and never listening: connections are refused, and no other test on this machine is given the port.
        self._reserved = socket.socket()
        self._reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._reserved.bind(("127.0.0.1", port))
        self.port = int(self._reserved.getsockname()[1])
        self._server = http.server.HTTPServer(("127.0.0.1", self.port), http.server.SimpleHTTPRequestHandler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def make_app(daemon: Supervisord, name: str, port: int) -> AppLayout:
    place = daemon.layout.app(name)
    os.makedirs(place.data)  # its owner is the app's user
    os.makedirs(place.marker(INSTANCE, port))
    os.symlink("serving/%s.%d" % (INSTANCE, port), place.live)
    return place


def log(daemon: Supervisord) -> str:
    return Path(daemon.layout.log, "pyapps-watcher.err.log").read_text()


def test_the_flag_follows_the_port(daemon: Supervisord) -> None:
    """S0-47: a live instance that does not answer has a flag until it answers; also after supervisord died."""
    server, other = Server(), Server()
    place, other_place = make_app(daemon, "app_1", server.port), make_app(daemon, "app_2", other.port)
    Path(other_place.down).write_text("left by a run")
    pid = start_watcher(daemon)
    wait_for(lambda: not os.path.exists(other_place.down), 10, "the flag of an app that answers is gone")
    server.close()
    wait_for(lambda: os.path.exists(place.down), 10, "the flag is there")
    assert os.stat(place.down).st_mode & 0o777 == 0o644
    assert not os.path.exists(other_place.down)

    daemon.kill()
    wait_for(lambda: not os.path.exists("/proc/%d/cwd" % pid), 5, "the watcher has died with supervisord")
    server = Server(server.port)
    daemon.start()
    wait_for(lambda: not os.path.exists(place.down), 20, "the next watcher removes the flag")
    server.close()
    other.close()


def test_visitors_are_told_why_an_app_is_away_and_since_when(daemon: Supervisord) -> None:
    """Stopped by hand, started again, crashed: the front's page says which, and goes when the app answers."""
    server = Server()
    place = make_app(daemon, "app_1", server.port)
    route = app_routes(daemon.layout, [entry("app_1", title="Sales")])[0]
    os.makedirs(daemon.layout.front_apps)
    Path(daemon.layout.away_page("app_1")).write_text(away_page(route, True))
    program = "app_1." + INSTANCE
    daemon.add(program, program_text(program, ["/bin/sleep", "1000"], layout=daemon.layout, start_seconds=0))
    daemon.wait_for_state(program, "RUNNING")
    watcher = Watcher(daemon.layout)
    server.close()
    watcher.watch_ports()
    crashed = Path(place.down_page).read_text()
    assert "does not answer right now" in crashed
    assert '<time datetime="20' in crashed

    daemon.rpc.stop(program, 10)
    watcher.watch_reasons()
    stopped = Path(place.down_page).read_text()
    assert "stopped on purpose" in stopped
    assert "right now" not in stopped
    watcher.watch_reasons()
    assert Path(place.down_page).read_text() == stopped, "since when it is stopped"
    daemon.rpc.start(program)
    watcher.watch_reasons()
    assert "does not answer right now" in Path(place.down_page).read_text()

    server = Server(server.port)
    watcher.watch_ports()
    assert not os.path.lexists(place.down)
    assert not os.path.lexists(place.down_page)
    server.close()
    daemon.rpc.stop(program, 10)
    watcher.watch_ports()
    assert "stopped on purpose" in Path(place.down_page).read_text()


def test_visitors_of_an_app_that_comes_back_do_not_wait_for_the_next_look(
    daemon: Supervisord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flag is looked at four times a second while it is young, every two seconds later."""
    server = Server()
    place = make_app(daemon, "app_1", server.port)
    watcher = Watcher(daemon.layout)
    assert watcher.pause() == 2
    server.close()
    watcher.watch_ports()
    assert os.path.exists(place.down)
    assert watcher.pause() == 0.25
    clock = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: clock() + 61)
    assert watcher.pause() == 2
    os.unlink(place.down)
    assert watcher.pause() == 2
    watcher.watch_ports()
    assert watcher.pause() == 0.25, "another time that it is away"


def test_a_run_is_left_alone(daemon: Supervisord) -> None:
    """S0-47: while a run holds the lock no flag changes; afterwards it does."""
    server = Server()
    server.close()
    place = make_app(daemon, "app_1", server.port)
    watcher = Watcher(daemon.layout)
    with host_lock(daemon.layout.lock, 0, "deploys app_1"):
        watcher.watch_ports()
        assert not os.path.exists(place.down)
    watcher.watch_ports()
    assert os.path.exists(place.down)


def test_who_is_slow_is_not_down(daemon: Supervisord) -> None:
    """S0-47: a process that is stopped or whose queue is full still has its port."""
    server = Server()
    place = make_app(daemon, "app_1", server.port)
    # Nobody accepts any more; the kernel still does.
    server._server.shutdown()
    Watcher(daemon.layout).watch_ports()
    assert not os.path.exists(place.down)
    server.close()


def test_half_states_do_not_end_the_watcher(daemon: Supervisord) -> None:
    """S0-47: links, names and files that nobody expects; no supervisord; and an app that is fine beside them."""
    server = Server()
    server.close()
    good = make_app(daemon, "app_1", server.port)
    for name, target in (("odd", "serving/../../etc"), ("loop", "live"), ("far", "/etc/%s.8001" % INSTANCE)):
        place = daemon.layout.app(name)
        os.makedirs(place.path)
        os.symlink(target, place.live)
    os.makedirs(daemon.layout.app("empty").path)
    Path(daemon.layout.apps, "file").write_text("")
    answering = Server()
    os.makedirs(make_app(daemon, "folder", answering.port).down)
    pid = start_watcher(daemon)
    wait_for(lambda: os.path.exists(good.down), 10, "the good app's flag")
    wait_for(lambda: "folder: the flag cannot be changed" in log(daemon), 10, "the problem is told")
    os.unlink(daemon.layout.lock)
    os.rename(daemon.layout.apps, daemon.layout.apps + ".away")
    os.rename(daemon.layout.apps + ".away", daemon.layout.apps)
    os.unlink(good.down)
    wait_for(lambda: os.path.exists(good.down), 10, "it goes on")
    process = daemon.rpc.processes()["pyapps-watcher"]
    assert (process.state, process.pid) == ("RUNNING", pid)
    assert log(daemon).count("folder: the flag cannot be changed") == 1
    answering.close()


def test_a_program_that_was_given_up_is_started_again(daemon: Supervisord, tmp_path: Path) -> None:
    """S0-47: for ever, after a rest; only ours, and only when no run is on."""
    works = tmp_path / "works"
    command = ["/bin/sh", "-c", 'test -e "$0" && exec /bin/sleep 600', str(works)]
    text = program_text("app_1." + INSTANCE, command, layout=daemon.layout, start_retries=0, start_seconds=1)
    daemon.add("app_1." + INSTANCE, text)
    daemon.add("theirs", "[program:theirs]\ncommand=/bin/false\nstartretries=0\n")
    for name in ("app_1." + INSTANCE, "theirs"):
        daemon.wait_for_state(name, "FATAL")
    works.write_text("")

    Watcher(daemon.layout).revive_programs()
    assert daemon.rpc.processes()["app_1." + INSTANCE].state == "FATAL", "it rests first"
    eager = Watcher(daemon.layout, rest=0)
    with host_lock(daemon.layout.lock, 0, "deploys app_1"):
        eager.revive_programs()
    assert daemon.rpc.processes()["app_1." + INSTANCE].state == "FATAL", "a run is on"
    eager.revive_programs()
    daemon.wait_for_state("app_1." + INSTANCE, "RUNNING")
    assert daemon.rpc.processes()["theirs"].state == "FATAL"


def test_the_watcher_is_small(daemon: Supervisord) -> None:
    """S0-47: at most 30 MB, and next to no processor time."""
    for number in range(50):
        server = Server()
        server.close()
        make_app(daemon, "app_%d" % number, server.port)
    pid = start_watcher(daemon)
    wait_for(lambda: os.path.exists(daemon.layout.app("app_49").down), 20, "it has looked at all apps")
    status = Path("/proc/%d/status" % pid).read_text()
    memory = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    assert memory < 30 * 1024
    os.kill(pid, signal.SIGTERM)
