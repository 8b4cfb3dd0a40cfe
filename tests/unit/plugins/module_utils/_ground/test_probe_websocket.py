# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import socket
import threading
import typing as t

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import probe_websocket as _probe_websocket
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.probe_http import ProbeError
from websockets.sync.server import Server, serve


@pytest.fixture
def server() -> t.Iterator[Server]:
    """A real WebSocket server that lets in one origin."""
    with serve(
        lambda connection: connection.recv(),
        "127.0.0.1",
        0,
        origins=["http://good.example"],  # type: ignore[list-item]
        subprotocols=["words"],  # type: ignore[list-item]
    ) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


def _handshake(port: int, origin: str) -> int:
    return _probe_websocket.handshake(
        "127.0.0.1", port, "/s", host_header="good.example", origin=origin, timeout=5, protocol="words"
    )


def test_a_good_origin_gives_101_and_an_evil_one_403(server: Server) -> None:
    """C-01: a real handshake with a good and an evil origin."""
    port = server.socket.getsockname()[1]
    assert _handshake(port, "http://good.example") == 101
    assert _handshake(port, "http://evil.example") == 403


def test_a_101_with_a_wrong_accept_is_no_websocket() -> None:
    lie = b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: bm8=\r\n\r\n"
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection, _peer = listening.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(lie)

        threading.Thread(target=answer, daemon=True).start()
        with pytest.raises(ProbeError, match="Sec-WebSocket-Accept"):
            _handshake(listening.getsockname()[1], "http://good.example")
