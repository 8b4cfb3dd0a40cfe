# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask Docker, and the apps that one of its containers serves on a port of this machine."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import typing as t
from pathlib import Path


def docker(*words: str | Path, limit: float = 300) -> str:
    """What docker prints.

    :param limit: seconds that it may take
    """
    done = subprocess.run(["docker", *words], check=False, capture_output=True, text=True, timeout=limit)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def inspect(name: str) -> dict[str, t.Any]:
    (found,) = json.loads(docker("inspect", name))
    return t.cast("dict[str, t.Any]", found)


def get(port: int, path: str, name: str = "localhost") -> tuple[int, str]:
    """Status and body for who asks for a host by this name; 0 for no answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers={"Host": "%s:%d" % (name, port)})
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8", "replace")
    except OSError:
        return 0, ""
    finally:
        connection.close()


def handshake(port: int, path: str, origin: str) -> int:
    """The status of a WebSocket handshake."""
    lines = [
        "GET %s HTTP/1.1" % path,
        "Host: localhost:%d" % port,
        "Origin: %s" % origin,
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==",
    ]
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        return int(connection.makefile("rb").readline().split()[1])


def serves(port: int) -> bool:
    return all(get(port, "/%s/_stcore/health" % app) == (200, "ok") for app in ("app-1", "app-2"))
