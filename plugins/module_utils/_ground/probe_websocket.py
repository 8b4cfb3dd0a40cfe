# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real WebSocket handshake, as a browser does it.

Whether people can use an app shows only here: a process with a wrong origin setting may answer every health question
with 200 and every browser with 403.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import secrets
import socket
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.probe_http import (
    ANSWER_LIMIT,
    ProbeError,
    lower_headers,
    question,
)

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
_CLOSE_FRAME = b"\x88\x80\0\0\0\0"  # masked (with zeros) and empty: the server ends this session at once


SWITCHED = 101
"""The status of a handshake that has opened a WebSocket (RFC 6455, section 4.2.2)."""


class Opened(t.NamedTuple):
    """A WebSocket, or the refusal of one.

    :param status: :data:`SWITCHED`, or that of the refusal
    :param stream: to read from; it ends with the time and the bytes that were granted
    :param connection: to write to
    """

    status: int
    stream: io.BufferedIOBase
    connection: socket.socket


@contextlib.contextmanager
def opened(
    host: str,
    port: int,
    path: str,
    *,
    host_header: str,
    origin: str | None,
    timeout: float,
    headers: t.Mapping[str, str] | None = None,
    limit: int = ANSWER_LIMIT,
    protocol: str = "",
) -> t.Iterator[Opened]:
    """Try to open a WebSocket, and close it after the block.

    :param host_header: what a browser sends as ``Host``, with the port if it is not the scheme's own
    :param origin: what a browser sends as ``Origin``; None sends none
    :param timeout: seconds for everything
    :param headers: what a browser sends beside these
    :param limit: bytes that are read
    :param protocol: the subprotocol that a browser names; "" for none
    :raises ProbeError: no answer in time, refused, not HTTP, or a 101 that is not a WebSocket
    """
    key = base64.b64encode(secrets.token_bytes(16)).decode()
    lines = {
        "Host": host_header,
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": key,
        "Sec-WebSocket-Version": "13",
        **(headers or {}),
    }
    if protocol:
        lines["Sec-WebSocket-Protocol"] = protocol
    if origin is not None:
        lines["Origin"] = origin
    with question(host, port, path, timeout, lines, limit) as (answer, connection):
        if answer.status == SWITCHED:
            accept = lower_headers(answer).get("sec-websocket-accept")
            if accept != base64.b64encode(_sha1(key + _GUID)).decode():
                raise ProbeError("101 without the right Sec-WebSocket-Accept: this is no WebSocket server")
        yield Opened(answer.status, answer.fp, connection)
        if answer.status == SWITCHED:
            with contextlib.suppress(OSError):
                connection.sendall(_CLOSE_FRAME)


def handshake(
    host: str,
    port: int,
    path: str,
    *,
    host_header: str,
    origin: str | None,
    timeout: float,
    protocol: str = "",
) -> int:
    """Try to open a WebSocket and close it again: the same as :func:`opened`.

    :returns: the HTTP status: 101 when the WebSocket was opened, 403 for an origin that is not let in
    """
    asked = opened(host, port, path, host_header=host_header, origin=origin, timeout=timeout, protocol=protocol)
    with asked as found:
        return found.status


def _sha1(text: str) -> bytes:
    return hashlib.sha1(text.encode(), usedforsecurity=False).digest()
