# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask an HTTP server one question, with the whole answer capped in size and time.

An app is not trusted: neither an endless answer nor one byte per second may hold up who asks.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import socket
import time
import typing as t

ANSWER_LIMIT = 64 * 1024
"""How many bytes of an answer, headers included, are read."""


Connect = t.Callable[[float], socket.socket]
"""Makes the connection to ask on, within some seconds; raises ``OSError``."""


class ProbeError(Exception):
    """The question got no usable answer; the text says what happened."""


class ProbeRefusedError(ProbeError):
    """Nobody listens there (connection refused or reset before an answer)."""


class ProbeTimeoutError(ProbeError):
    """Somebody listens, but did not answer in time."""


def get(
    host: str,
    port: int,
    path: str,
    timeout: float,
    headers: t.Mapping[str, str] | None = None,
    limit: int = ANSWER_LIMIT,
    connect: Connect | None = None,
) -> tuple[int, dict[str, str], bytes]:
    """Ask for a path.

    :param timeout: seconds for everything: connection, headers and body
    :param connect: to something else than a plain TCP port of ``host``
    :param headers: sent beside ``Host``, which is ``host:port`` unless it is given here
    :param limit: bytes of the answer that are read; a longer body is cut there
    :returns: status, headers with names in lower case, body
    :raises ProbeError: refused, no answer in time, or not HTTP
    """
    lines = {"Host": "%s:%d" % (host, port), "Accept": "*/*", "Connection": "close", **(headers or {})}
    with question(host, port, path, timeout, lines, limit, connect) as (answer, _connection):
        try:
            body = answer.read(limit)
        except http.client.IncompleteRead as error:
            body = error.partial
        except (OSError, http.client.HTTPException) as error:
            raise explained(error, timeout) from error
        return answer.status, lower_headers(answer), body


@contextlib.contextmanager
def question(
    host: str,
    port: int,
    path: str,
    timeout: float,
    headers: t.Mapping[str, str],
    limit: int = ANSWER_LIMIT,
    connect: Connect | None = None,
) -> t.Iterator[tuple[http.client.HTTPResponse, socket.socket]]:
    """The answer's status and headers, read, and its connection, still open for the block."""
    _refuse_line_breaks(path, headers)
    request = "GET %s HTTP/1.1\r\n%s\r\n" % (path, "".join("%s: %s\r\n" % item for item in headers.items()))
    deadline = time.monotonic() + timeout
    try:
        connection = connect(timeout) if connect else socket.create_connection((host, port), timeout)
    except OSError as error:
        raise explained(error, timeout) from error
    with connection:
        try:
            connection.sendall(request.encode("latin-1"))
            answer = http.client.HTTPResponse(t.cast(socket.socket, _CappedSocket(connection, deadline, limit)))
            answer.begin()
        except (OSError, http.client.HTTPException) as error:
            raise explained(error, timeout) from error
        yield answer, connection


def lower_headers(answer: http.client.HTTPResponse) -> dict[str, str]:
    """An answer's headers with names in lower case; of a repeated one the last."""
    return {name.lower(): value for name, value in answer.getheaders()}


def _refuse_line_breaks(path: str, headers: t.Mapping[str, str]) -> None:
    for text in (path, *headers.keys(), *headers.values()):
        if any(character in text for character in "\r\n\0"):
            raise ProbeError("%r holds a line break" % text)
    if " " in path:
        raise ProbeError("the path %r holds a space" % path)


def explained(error: Exception, timeout: float) -> ProbeError:
    """The error of a probe that an error of the connection means.

    :param timeout: seconds that the probe had
    """
    if isinstance(error, (socket.timeout, TimeoutError)):
        return ProbeTimeoutError("no answer within %g s" % timeout)
    if isinstance(error, (ConnectionError, http.client.RemoteDisconnected)):
        return ProbeRefusedError("connection refused or closed: %s" % error)
    if isinstance(error, http.client.HTTPException):
        return ProbeError("the answer is not HTTP: %s" % (str(error)[:200] or type(error).__name__))
    return ProbeError(str(error))


class _CappedSocket(io.RawIOBase):
    """What :class:`http.client.HTTPResponse` reads from: a socket up to a deadline and a number of bytes."""

    def __init__(self, connection: socket.socket, deadline: float, limit: int) -> None:
        super().__init__()
        self._connection = connection
        self._deadline = deadline
        self._left = limit

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: t.Any) -> int:
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            raise socket.timeout("deadline")
        size = min(len(buffer), self._left)
        if size == 0:
            return 0
        self._connection.settimeout(remaining)
        count = self._connection.recv_into(memoryview(buffer)[:size])
        self._left -= count
        return count
