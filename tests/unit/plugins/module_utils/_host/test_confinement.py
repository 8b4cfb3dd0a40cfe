# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import inspect
import socket
import subprocess
import sys

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._host import confinement as _confinement

CONFINED = """
import os, socket, sys
sys.path[:0] = {path!r}
from ansible_collections.selfhost.pyapps.plugins.module_utils._host import confinement as _confinement
own, closed = {own}, {closed}
_confinement.confine(own, closed, range(32768, 61000))
def bind(port):
    with socket.socket() as server:
        server.bind(("127.0.0.1", port))
        server.listen()
        return server.getsockname()[1]
def connect(port):
    with socket.socket() as client:
        client.connect(("127.0.0.1", port))
print({what})
"""


def confined(what: str, own: str = "[]", closed: str = "range(20000, 30000)") -> subprocess.CompletedProcess[str]:
    script = CONFINED.format(path=[path for path in sys.path if path], own=own, closed=closed, what=what)
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)


def free_port() -> int:
    """A free port of the range."""
    for port in range(20100, 30000):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise AssertionError("no free port")


def test_this_kernel_can_do_it() -> None:
    """The tests need Linux 6.7 or newer, with Landlock."""
    assert _confinement.is_possible()


@pytest.mark.parametrize("what", ["bind(0) in range(32768, 61000)", "bind(bind(0)) > 0"])
def test_a_process_may_listen_where_the_kernel_lets_it(what: str) -> None:
    assert confined(what).stdout == "True\n"


def test_a_process_may_listen_on_its_own_port() -> None:
    port = free_port()
    assert confined("bind(%d)" % port, own="[%d]" % port).stdout == "%d\n" % port


@pytest.mark.parametrize("what", ["bind(20001)", "bind(8501)", "bind(29999)", "connect(20000)", "connect(29999)"])
def test_what_is_not_its_own_is_refused(what: str) -> None:
    assert "PermissionError" in confined(what, closed="range(20000, 30000)").stderr


@pytest.mark.parametrize("what", ["connect(19999)", "connect(30000)", "connect(65535)", "connect(1)"])
def test_what_is_no_apps_port_may_be_asked(what: str) -> None:
    assert "ConnectionRefusedError" in confined(what).stderr


def test_a_port_outside_of_the_range_can_be_closed_too() -> None:
    assert "PermissionError" in confined("connect(40000)", closed="[40000]").stderr
    assert "PermissionError" in confined("bind(40000)", closed="[40000]").stderr


@pytest.mark.parametrize(
    ("what", "error"),
    [
        ("socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)", "Protocol not supported"),
        ("socket.socket(socket.AF_INET6, socket.SOCK_STREAM | socket.SOCK_CLOEXEC, 262)", "Protocol not supported"),
        ("socket.socket(socket.AF_INET, socket.SOCK_STREAM, 256)", "Protocol not supported"),
        ("socket.socket(43, socket.SOCK_STREAM, 0)", "Address family not supported"),
        ('socket.socket().sendto(b"x", socket.MSG_FASTOPEN, ("127.0.0.1", 443))', "Operation not supported"),
        ('socket.socket().sendmsg([b"x"], [], socket.MSG_FASTOPEN, ("127.0.0.1", 443))', "Operation not supported"),
        ("_confinement._call(425, 4, 0)", "Function not implemented"),
        ("socket.socket().setsockopt(0, 51, (40000 << 16 | 40000).to_bytes(4, 'little'))", "Protocol not available"),
        ("socket.socket(socket.AF_INET6).setsockopt(0, 51, bytes(4))", "Protocol not available"),
        ("socket.socket().setsockopt(6, 31, b'smc')", "Protocol not available"),
    ],
)
def test_the_ways_around_it_are_closed(what: str, error: str) -> None:
    assert error in confined(what).stderr


@pytest.mark.parametrize(
    "what",
    [
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
        "socket.socket(socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP)",
        "socket.socketpair()",
        "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
        "socket.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)",
        "socket.socket().setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)",
        "socket.socket().setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 16)",
        "socket.socket(socket.AF_INET6).setsockopt(socket.IPPROTO_IPV6, 51, 1)",  # the same number elsewhere
    ],
)
def test_every_other_socket_is_as_before(what: str) -> None:
    assert confined(what).returncode == 0


def test_it_holds_for_children_and_gives_no_rights_back() -> None:
    what = (
        'os.popen(sys.executable + \' -c "import socket; socket.create_server((str(), 20001))" 2>&1;'
        " grep NoNewPrivs /proc/self/status').read()"
    )
    said = confined(what).stdout
    assert "PermissionError" in said
    assert "NoNewPrivs:\t1" in said


def test_a_process_can_be_told_from_one_that_is_confined() -> None:
    what = "_confinement.is_confined(os.getpid()), _confinement.is_confined(os.getppid()), _confinement.is_confined(0)"
    assert confined(what).stdout == "True False None\n"


KEYRING = """
import ctypes, sys
sys.path[:0] = {path!r}
from ansible_collections.selfhost.pyapps.plugins.module_utils._host import confinement as _confinement
libc, number = ctypes.CDLL(None), _confinement._ARCHITECTURES[_confinement.platform.machine()].keyctl
def serial():
    return libc.syscall(number, 0, -3, 0)  # KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING
libc.syscall(number, 1, None)
before = serial()
_confinement.leave_keyring()
print(before > 0, serial() > 0, before != serial())
"""


def test_a_process_leaves_the_keyring_that_it_was_started_with() -> None:
    script = KEYRING.format(path=[path for path in sys.path if path])
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "True True True\n"


@pytest.mark.parametrize("port", [0, 1, 20001, 32767, 61000])
def test_a_program_that_is_started_by_others_can_be_confined(port: int) -> None:
    """Neither on a socket of its own, nor on one that a process which is confined hands to it."""
    with socket.socket() as given:
        script = "import socket; socket.socket(fileno=%d).%s(('127.0.0.1', %d)); print('done')"
        source = [sys.executable, "-I", "-S", "-c", inspect.getsource(_confinement), "32768-60999", sys.executable]
        for what in ("bind", "connect") if port else ("bind",):
            command = [*source, "-c", script % (given.fileno(), what, port)]
            done = subprocess.run(command, capture_output=True, text=True, check=False, pass_fds=[given.fileno()])
            assert ("done" in done.stdout, "PermissionError" in done.stderr) == (not port, bool(port)), done.stderr


def test_an_unknown_architecture_is_not_possible(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "s390x")
    assert not _confinement.is_possible()
