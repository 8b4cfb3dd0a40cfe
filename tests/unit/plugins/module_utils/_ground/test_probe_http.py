# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib
import socket
import threading
import time
import typing as t

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import probe_http as _probe_http

Answer = t.Callable[[socket.socket, bytes], None]


@pytest.fixture
def serve() -> t.Iterator[t.Callable[[Answer], int]]:
    """Answer one connection on a free port by a function of (connection, request); gives the port."""
    servers = []

    def start(answer: Answer) -> int:
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)

        def run() -> None:
            connection, _peer = server.accept()
            with connection, contextlib.suppress(OSError):
                answer(connection, connection.recv(65536))

        threading.Thread(target=run, daemon=True).start()
        return int(server.getsockname()[1])

    yield start
    for server in servers:
        server.close()


def test_status_headers_and_body_come_back(serve: t.Callable[[Answer], int]) -> None:
    """C-01: a check compares the body, so the body is part of the answer."""
    requests = []

    def answer(connection: socket.socket, request: bytes) -> None:
        requests.append(request)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok")

    port = serve(answer)
    status, headers, body = _probe_http.get("127.0.0.1", port, "/a/_stcore/health", 5, {"Host": "example.org"})
    assert (status, headers["content-type"], body) == (200, "text/plain", b"ok")
    assert requests[0].startswith(b"GET /a/_stcore/health HTTP/1.1\r\n")
    assert requests[0].count(b"Host:") == 1
    assert b"Host: example.org\r\n" in requests[0]


def test_chunked_and_unfinished_answers_are_read(serve: t.Callable[[Answer], int]) -> None:
    chunked = b"HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nerror\r\n"
    port = serve(lambda connection, _request: connection.sendall(chunked))
    assert _probe_http.get("127.0.0.1", port, "/", 5)[2] == b"error"


def test_an_endless_body_is_cut(serve: t.Callable[[Answer], int]) -> None:
    def endless(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    assert len(_probe_http.get("127.0.0.1", serve(endless), "/", 5, limit=1000)[2]) < 1000


def test_endless_headers_are_cut(serve: t.Callable[[Answer], int]) -> None:
    def endless(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.sendall(b"x: y\r\n" * 1000)

    with pytest.raises(_probe_http.ProbeError):
        _probe_http.get("127.0.0.1", serve(endless), "/", 5)


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_one_byte_at_a_time_does_not_hold_up_who_asks(serve: t.Callable[[Answer], int], start: bytes) -> None:
    def drip(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(start)
        while True:
            connection.sendall(b"x")
            threading.Event().wait(0.05)

    port = serve(drip)
    begin = time.monotonic()
    with pytest.raises(_probe_http.ProbeTimeoutError, match=r"no answer within 0\.4 s"):
        _probe_http.get("127.0.0.1", port, "/", 0.4)
    assert time.monotonic() - begin < 2


def test_nobody_listening_is_refused_and_not_a_timeout() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        with pytest.raises(_probe_http.ProbeRefusedError):
            _probe_http.get("127.0.0.1", bound.getsockname()[1], "/", 5)


def test_what_is_not_http_is_said_so(serve: t.Callable[[Answer], int]) -> None:
    port = serve(lambda connection, _request: connection.sendall(b"220 mail ready\r\n"))
    with pytest.raises(_probe_http.ProbeError, match="not HTTP"):
        _probe_http.get("127.0.0.1", port, "/", 5)


@pytest.mark.parametrize(("path", "headers"), [("/\r\nX: y", {}), ("/a b", {}), ("/", {"Host": "a\nb"})])
def test_nothing_can_be_smuggled_into_the_request(path: str, headers: dict[str, str]) -> None:
    with pytest.raises(_probe_http.ProbeError):
        _probe_http.get("127.0.0.1", 9, path, 5, headers)
