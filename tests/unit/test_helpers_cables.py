# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cable of helpers.cables does with connections when it is cut."""

from __future__ import annotations

import contextlib
import socket
import typing as t

import pytest
from helpers.cables import HALF, RESET, SILENT, Cable, Network


@pytest.fixture
def server() -> t.Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        yield listener


@pytest.fixture
def cable(server: socket.socket) -> t.Iterator[Cable]:
    with contextlib.closing(Network()) as network:
        yield network.cable(server.getsockname()[1])


@pytest.fixture
def ends(cable: Cable, server: socket.socket) -> t.Iterator[tuple[socket.socket, socket.socket]]:
    """The browser's and the server's end of one connection; the server has said 'a'."""
    with contextlib.ExitStack() as stack:
        browser = stack.enter_context(_connect(cable))
        other = stack.enter_context(server.accept()[0])
        for end in (browser, other):
            end.settimeout(10)
        other.sendall(b"a")
        assert browser.recv(10) == b"a"
        yield browser, other


def _connect(cable: Cable) -> socket.socket:
    return socket.create_connection(("127.0.0.1", cable.port), timeout=10)


def _hears_nothing(end: socket.socket) -> bool:
    end.settimeout(0.3)
    try:
        end.recv(10)
    except TimeoutError:
        return True
    finally:
        end.settimeout(10)
    return False


def test_a_reset_is_seen_by_both_and_nobody_listens(cable: Cable, ends: tuple[socket.socket, socket.socket]) -> None:
    cable.cut(RESET)
    for end in ends:
        with pytest.raises(ConnectionResetError):
            end.recv(10)
    with pytest.raises(ConnectionRefusedError):
        _connect(cable)


def test_what_is_sent_in_silence_arrives_later(cable: Cable, ends: tuple[socket.socket, socket.socket]) -> None:
    browser, server = ends
    cable.cut(SILENT)
    browser.sendall(b"up")
    server.sendall(b"down")
    server.shutdown(socket.SHUT_WR)
    assert _hears_nothing(browser)
    assert _hears_nothing(server)
    cable.mend()
    assert server.recv(10) == b"up"
    assert (browser.recv(10), browser.recv(10)) == (b"down", b"")


def test_who_connects_in_silence_waits(cable: Cable, server: socket.socket) -> None:
    cable.cut(SILENT)
    with _connect(cable) as browser:
        browser.sendall(b"up")
        server.settimeout(0.3)
        with pytest.raises(TimeoutError):
            server.accept()
        cable.mend()
        server.settimeout(10)
        assert server.accept()[0].recv(10) == b"up"


def test_one_side_alone_learns_of_it_until_the_other_speaks(
    cable: Cable, ends: tuple[socket.socket, socket.socket]
) -> None:
    browser, server = ends
    cable.cut(HALF)
    with pytest.raises(ConnectionResetError):
        browser.recv(10)
    with pytest.raises(ConnectionRefusedError):
        _connect(cable)
    assert _hears_nothing(server)
    cable.mend()
    assert _hears_nothing(server)
    server.sendall(b"are you there?")
    with pytest.raises(ConnectionResetError):
        server.recv(10)


@pytest.mark.parametrize("kind", [RESET, SILENT, HALF])
def test_a_mended_cable_takes_new_connections(cable: Cable, server: socket.socket, kind: str) -> None:
    cable.cut(kind)
    cable.mend()
    with _connect(cable) as browser, server.accept()[0] as other:
        browser.sendall(b"again")
        assert other.recv(10) == b"again"
