# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import pwd
import socket
import subprocess
import sys
import typing as t

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import (
    listeners as _listeners,
    sock_diag as _sock_diag,
)


@pytest.fixture(params=["netlink", "proc"], autouse=True)
def source(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the kernel is asked: both ways must say the same."""
    if request.param == "proc":

        def refused(*_ports: int) -> t.NoReturn:
            raise OSError("hidden")

        monkeypatch.setattr(_sock_diag, "listening", refused)


LISTEN = "import socket,sys; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); input()"


@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "0.0.0.0")])
def test_a_listener_on_this_process_is_named_with_pid_user_and_command(family: int, address: str) -> None:
    with socket.create_server((address, 0), family=family) as server:
        found = _listeners.listener(server.getsockname()[1])
    assert found is not None
    assert (found.pid, found.uid) == (os.getpid(), os.geteuid())
    assert "python" in (found.command or "") or "pytest" in (found.command or "")


def test_a_dual_stack_listener_takes_loopback_connections_too() -> None:
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as server:
        found = _listeners.listener(server.getsockname()[1])
    assert found is not None
    assert found.pid == os.getpid()


def test_another_process_is_described_so_that_a_person_finds_it() -> None:
    """C-20: the holder of a busy port is reported by pid and command."""
    with subprocess.Popen(
        [sys.executable, "-c", LISTEN, "stranger"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        found = _listeners.listener(port)
        assert process.poll() is None
        process.communicate("\n", timeout=10)
    assert found is not None
    text = _listeners.describe(found)
    assert text.startswith("pid %d (" % process.pid)
    assert "import socket" in text
    assert len(text) < 160
    assert _listeners.listener(port) is None


def test_a_bound_but_not_listening_or_other_addresses_socket_is_no_listener() -> None:
    with socket.socket() as bound, socket.create_server(("127.0.0.2", 0)) as other:
        bound.bind(("127.0.0.1", 0))
        assert _listeners.listener(bound.getsockname()[1]) is None
        assert _listeners.listener(other.getsockname()[1]) is None


def test_several_ports_are_found_in_one_look() -> None:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        ports = [one.getsockname()[1], two.getsockname()[1]]
        assert sorted(_listeners.listeners([*ports, 1])) == sorted(ports)
        assert _listeners.listener_uid(ports[0]) == os.geteuid()
        assert _listeners.listener_uids(ports) == dict.fromkeys(ports, os.geteuid())
        assert _listeners.listener_uids().items() >= _listeners.listener_uids(ports).items()
    assert _listeners.listener_uid(ports[0]) is None


def test_a_process_that_is_not_shown_is_described_by_its_user() -> None:
    assert _listeners.describe(_listeners.Listener(None, 0, None)) == "a process of user root"
    assert _listeners.describe(_listeners.Listener(None, 4_000_000_000, None)) == "a process of user 4000000000"


def test_a_process_that_is_not_shown_is_known_by_its_user() -> None:
    """Root without CAP_SYS_PTRACE, as in a container, is shown the user of a socket and not its process."""
    me = pwd.getpwuid(os.geteuid()).pw_name
    assert _listeners.is_hidden_of(_listeners.Listener(None, os.geteuid(), None), me)
    assert not _listeners.is_hidden_of(_listeners.Listener(1, os.geteuid(), "shown"), me)
    assert not _listeners.is_hidden_of(_listeners.Listener(None, os.geteuid() + 1, None), me)
    assert not _listeners.is_hidden_of(_listeners.Listener(None, os.geteuid(), None), "no-such-user")
