# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The messages of an open WebSocket (RFC 6455)."""

from __future__ import annotations

import io
import socket
import struct
import typing as t

_CONTINUED, _CLOSE, _PING, _PONG = 0x0, 0x8, 0x9, 0xA
_FINAL, _BINARY, _MASKED = 0x80, 0x82, 0x80
_CHUNK = 64 * 1024
_LONGEST_CONTROL = 125  # bytes, RFC 6455 section 5.5


def send(connection: socket.socket, message: bytes, first: int = _BINARY) -> None:
    """Send a message, masked as a client's must be (with zeros: nothing between us and the server looks)."""
    size = len(message)
    if size < 126:
        length = struct.pack("!B", _MASKED | size)
    elif size < 1 << 16:
        length = struct.pack("!BH", _MASKED | 126, size)
    else:
        length = struct.pack("!BQ", _MASKED | 127, size)
    connection.sendall(bytes([first]) + length + bytes(4) + message)


def messages(stream: io.BufferedIOBase, connection: socket.socket, longest: int) -> t.Iterator[bytes]:
    """What the server sends, until it closes; pings are answered.

    :param longest: bytes of a message; a longer one is read and left out
    :raises EOFError: the connection ended without a word
    :raises OSError: it broke, or its time is over, or what comes is no message
    """
    parts: list[bytes] = []
    size = 0
    while True:
        first, second = _exactly(stream, 2)
        kind, length = first & 0x0F, second & 0x7F
        if length == 126:
            (length,) = struct.unpack("!H", _exactly(stream, 2))
        elif length == 127:
            (length,) = struct.unpack("!Q", _exactly(stream, 8))
        if kind == _CLOSE:
            return
        if kind in (_PING, _PONG):
            _answer(stream, connection, kind, length)
            continue
        size += length
        if size > longest:
            _skip(stream, length)
        else:
            parts.append(_exactly(stream, length))
        if first & _FINAL:
            if size <= longest:
                yield b"".join(parts)
            parts, size = [], 0


def _answer(stream: io.BufferedIOBase, connection: socket.socket, kind: int, length: int) -> None:
    """Take a ping, which is answered, or a pong."""
    if length > _LONGEST_CONTROL:
        raise OSError("a ping of %d bytes: this is no WebSocket" % length)
    content = _exactly(stream, length)
    if kind == _PING:
        send(connection, content, _FINAL | _PONG)


def _exactly(stream: io.BufferedIOBase, size: int) -> bytes:
    content = stream.read(size)
    if len(content) < size:
        raise EOFError("the connection ended")
    return content


def _skip(stream: io.BufferedIOBase, size: int) -> None:
    while size:
        size -= len(_exactly(stream, min(size, _CHUNK)))
