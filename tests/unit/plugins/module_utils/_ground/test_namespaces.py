# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that are kept apart, and what they leave running."""

from __future__ import annotations

import os
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import namespaces as _namespaces

STRANGER = 54_322
"""A user id of nobody on this machine."""
LEAVE_ONE = """
import ctypes, os, time
begun, ready = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)
        os.write(1, b"%d" % os.getpid())
        os.write(ready, b"1")
        for descriptor in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
        while True:
            time.sleep(60)
    os._exit(0)
os.wait()
os.read(begun, 1)  # it is there, and has hidden
"""
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can")


@pytest.fixture(autouse=True)
def _asked_anew() -> t.Iterator[None]:
    """What is remembered of this machine does not outlive a test."""
    _namespaces.fault.cache_clear()
    yield
    _namespaces.fault.cache_clear()


@as_root
def test_programs_share_a_network_of_their_own() -> None:
    """The listener is reached, nothing else is there; our own network stays."""
    before = os.readlink("/proc/self/ns/net")
    with _namespaces.apart() as place:
        assert place.around
        where = place.listener.getsockname()
        script = "import os, socket; socket.create_connection(%r); print(os.getpid(), socket.if_nameindex())" % (where,)
        done = subprocess.run(
            [*place.around, "/usr/bin/python3", "-c", script], capture_output=True, text=True, check=True
        )
        place.listener.accept()[0].close()
    assert done.stdout == "1 [(1, 'lo')]\n"
    assert os.readlink("/proc/self/ns/net") == before == os.readlink("/proc/thread-self/ns/net")


@as_root
@pytest.mark.parametrize("namespaces", [True, False])
def test_what_is_left_running_ends(namespaces: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also what hides its owner."""
    if not namespaces:
        monkeypatch.setattr(_namespaces, "_ALONE", ["false"])
    with _namespaces.apart() as place:
        command = [*place.around, "setpriv", "--reuid=%d" % STRANGER, "--clear-groups", "/usr/bin/python3"]
        done = subprocess.run([*command, "-c", LEAVE_ONE], capture_output=True, text=True, check=True)
        assert done.stdout.strip().isdigit()
        left = running_as(STRANGER)
        assert len(left) == (0 if namespaces else 1)
        _namespaces.end_children_of(STRANGER)
    assert running_as(STRANGER) == []


def running_as(uid: int) -> list[str]:
    """Ids of the processes of a user that do something."""
    done = subprocess.run(["pgrep", "-U", str(uid), "-r", "R,S,D,T"], capture_output=True, text=True, check=False)
    return done.stdout.split()


def test_without_root_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert _namespaces.fault() == "only root can"


@as_root
def test_without_the_programs_it_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(_namespaces, "_PATH", str(tmp_path))
    assert _namespaces.fault() == "a network of their own: No such file or directory"


@as_root
def test_a_network_that_cannot_be_used_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container may make one, and then not switch its loopback on."""

    def forbidden(*_arguments: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("fcntl.ioctl", forbidden)
    assert _namespaces.fault() == "a network of their own: Operation not permitted"
    with _namespaces.apart() as place:
        assert place.around == []
