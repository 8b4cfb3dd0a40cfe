# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Listening TCP sockets as the kernel tells them over netlink: a hundred times quicker than ``/proc/net/tcp``.

The kernel filters by state and port, so what else is open costs next to nothing, however many there are (sock_diag(7),
linux/inet_diag.h).
"""

from __future__ import annotations

import socket
import struct
import typing as t

_SOCK_DIAG_BY_FAMILY, _DUMP_REQUEST, _SOCK_DIAG = 20, 0x301, 4
_DONE, _ERROR = 3, 2
_TCP_LISTEN = 10
_HEADER = struct.Struct("=IHHII")  # struct nlmsghdr
_REQUEST = struct.Struct("=BBBBI48x")  # struct inet_diag_req_v2; the socket's id is left empty
_MESSAGE = struct.Struct("=BBBB2s2s16s16sI8sIIIII")  # struct inet_diag_msg
_FILTER = struct.Struct("=HH" + 4 * "BBH")  # struct nlattr, and a program of two steps of two words each
_BYTECODE, _AT_LEAST, _AT_MOST = 1, 2, 3
_LARGEST = 1 << 16


class Listening(t.NamedTuple):
    """One listening socket.

    :ivar address: 4 or 16 bytes, in network order
    :ivar uid: of its owner
    """

    address: bytes
    port: int
    uid: int
    inode: str


def listening(first: int = 0, last: int = 65535) -> list[Listening]:
    """Every listening TCP socket of this network namespace.

    :param first: the lowest port that is asked for
    :param last: the highest one
    :raises OSError: this kernel or container does not answer such questions
    """
    found: list[Listening] = []
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _SOCK_DIAG) as asked:
        for family in (socket.AF_INET, socket.AF_INET6):
            body = _REQUEST.pack(family, socket.IPPROTO_TCP, 0, 0, 1 << _TCP_LISTEN) + _ports_between(first, last)
            asked.send(_HEADER.pack(_HEADER.size + len(body), _SOCK_DIAG_BY_FAMILY, _DUMP_REQUEST, 0, 0) + body)
            found += _answers(asked)
    return found


def _ports_between(first: int, last: int) -> bytes:
    """A program for the kernel: each step says how far to go on if it is so, and if not, which is behind the end."""
    steps = (_AT_LEAST, 8, 20, 0, 0, first, _AT_MOST, 8, 12, 0, 0, last)
    return _FILTER.pack(_FILTER.size, _BYTECODE, *steps)


def _answers(asked: socket.socket) -> t.Iterator[Listening]:
    while True:
        data, at = asked.recv(_LARGEST), 0
        while at < len(data):
            length, kind = _HEADER.unpack_from(data, at)[:2]
            if kind == _DONE:
                return
            if kind == _ERROR:
                (code,) = struct.unpack_from("=i", data, at + _HEADER.size)
                raise OSError(-code, "sock_diag")
            yield _listening(data, at + _HEADER.size)
            at += (length + 3) & ~3


def _listening(data: bytes, at: int) -> Listening:
    family, _state, _timer, _retrans, port, _peer_port, address, *rest = _MESSAGE.unpack_from(data, at)
    uid, inode = rest[-2:]
    size = 4 if family == socket.AF_INET else 16
    return Listening(address[:size], int.from_bytes(port, "big"), uid, str(inode))
