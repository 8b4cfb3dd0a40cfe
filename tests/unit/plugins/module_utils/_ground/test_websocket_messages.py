# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Against another implementation: the server of the library websockets."""

from __future__ import annotations

import contextlib
import io
import socket
import threading
import typing as t

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import (
    probe_websocket as _probe_websocket,
    websocket_messages as _websocket_messages,
)
from websockets.sync.server import ServerConnection, serve

LONGEST = 200_000


@contextlib.contextmanager
def served(talk: t.Callable[[ServerConnection], None]) -> t.Iterator[_probe_websocket.Opened]:
    """A WebSocket to a server that talks so."""
    with serve(talk, "127.0.0.1", 0, compression=None, max_size=None) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.socket.getsockname()[1]
        asked = _probe_websocket.opened(
            "127.0.0.1", port, "/", host_header="a.example", origin=None, timeout=10, limit=1 << 30
        )
        with asked as opened:
            yield opened
        server.shutdown()


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536, LONGEST])
def test_messages_of_every_size_come_and_go(size: int) -> None:
    with served(lambda connection: connection.send(connection.recv())) as opened:
        _websocket_messages.send(opened.connection, b"x" * size)
        assert list(_websocket_messages.messages(opened.stream, opened.connection, LONGEST)) == [b"x" * size]


def test_parts_are_put_together_and_pings_are_answered() -> None:
    answered = []

    def talk(connection: ServerConnection) -> None:
        connection.send(iter([b"one ", b"message"]))
        answered.append(connection.ping().wait(10))

    with served(talk) as opened:
        assert list(_websocket_messages.messages(opened.stream, opened.connection, LONGEST)) == [b"one message"]
    assert answered == [True]


class Reader(io.BytesIO):
    """Remembers how much was asked for at once."""

    most = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.most = max(self.most, size or 0)
        return super().read(size)


def test_a_message_that_is_too_long_is_never_in_memory_as_a_whole() -> None:
    stream = Reader(b"\x82\x7f" + (2 * LONGEST).to_bytes(8, "big") + bytes(2 * LONGEST) + b"\x88\x00")
    with socket.socket() as nowhere:
        assert list(_websocket_messages.messages(stream, nowhere, LONGEST)) == []
    assert stream.most < LONGEST


def test_a_message_that_is_too_long_is_left_out() -> None:
    def talk(connection: ServerConnection) -> None:
        connection.send(b"x" * (LONGEST + 1))
        connection.send(b"after it")

    with served(talk) as opened:
        assert list(_websocket_messages.messages(opened.stream, opened.connection, LONGEST)) == [b"after it"]


def test_a_connection_that_breaks_is_no_end() -> None:
    with served(lambda connection: connection.socket.close()) as opened, pytest.raises((EOFError, OSError)):
        list(_websocket_messages.messages(opened.stream, opened.connection, LONGEST))


@pytest.mark.parametrize("size", [126, 1 << 20, 1 << 62, (1 << 63) + 5])
def test_a_ping_is_short(size: int) -> None:
    frame = b"\x89\x7f" + size.to_bytes(8, "big")
    ours, _theirs = socket.socketpair()
    with pytest.raises(OSError, match="a ping of %d bytes" % size):
        list(_websocket_messages.messages(io.BytesIO(frame), ours, LONGEST))
