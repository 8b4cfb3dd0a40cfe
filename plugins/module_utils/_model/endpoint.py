# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a process listens."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import probe_http as _probe_http

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Endpoint:
    """A TCP port on 127.0.0.1, or a UNIX socket: exactly one of the two.

    :ivar port: the TCP port; None for a socket
    :ivar path: the socket's absolute path; "" for a port
    :raises ValueError: both are given, or neither, or the path is relative
    """

    port: int | None = None
    path: str = ""

    def __post_init__(self) -> None:
        if (self.port is None) == (not self.path):
            raise ValueError("an endpoint is a port or the path of a socket")
        if self.path and not self.path.startswith("/"):
            raise ValueError("an endpoint's socket needs an absolute path, not %r" % self.path)

    def __str__(self) -> str:
        return "socket %s" % self.path if self.port is None else "port %d" % self.port

    @property
    def tcp_port(self) -> int:
        """Its port, for a process that knows no sockets.

        :raises ValueError: it is a socket
        """
        if self.port is None:
            raise ValueError("%s is not a TCP port" % self)
        return self.port

    def connect(self, timeout: float) -> socket.socket:
        """A connection to whoever listens there.

        :param timeout: seconds
        :raises OSError: nobody does
        """
        if self.port is not None:
            return socket.create_connection((LOOPBACK, self.port), timeout)
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.settimeout(timeout)
            connection.connect(self.path)
        except OSError:
            connection.close()
            raise
        return connection

    def get(self, path: str, timeout: float) -> tuple[int, bytes]:
        """What whoever listens there answers to one question.

        :param path: of the URL
        :param timeout: seconds for everything
        :returns: status and body
        :raises ProbeError: refused, no answer in time, or not HTTP
        """
        status, _headers, body = _probe_http.get(LOOPBACK, self.port or 80, path, timeout, connect=self.connect)
        return status, body
