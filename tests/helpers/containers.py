# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask a Molecule scenario's hosts as a visitor, as root and as an app's user. Everything runs inside the container."""

from __future__ import annotations

import os
import time
import typing as t

from testinfra.host import Host

SUITES = ("bookworm", "trixie")
LIMIT = 60
"""Seconds that something may take to come (back); what takes long is reported by the test that waited."""

_HANDSHAKE = """
import socket, sys
path, host, origin = sys.argv[1:]
lines = ["GET %s HTTP/1.1" % path, "Host: %s" % host, "Connection: Upgrade", "Upgrade: websocket",
         "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg=="]
if origin:
    lines.append("Origin: %s" % origin)
with socket.create_connection(("127.0.0.1", 80), 10) as connection:
    connection.sendall(("\\r\\n".join(lines) + "\\r\\n\\r\\n").encode())
    print(connection.makefile("rb").readline().split()[1].decode())
"""


def containers() -> list[str]:
    """The hosts of the running scenario for testinfra: by container, because an address may change with a restart."""
    return ["docker://pyapps-%s-%s" % (os.environ["MOLECULE_SCENARIO_NAME"], suite) for suite in SUITES]


class Answer(t.NamedTuple):
    """What the front said: ``status`` 0 for no answer at all."""

    status: int
    location: str
    body: str


def get(host: Host, path: str, *options: str, port: int = 80) -> Answer:
    """GET a path of the front, without following redirects."""
    form = r"\n%{http_code} %{redirect_url}"
    words = ["curl", "--silent", "--path-as-is", "--max-time", "10", "--write-out", form, *options]
    done = host.run(" ".join(["%s"] * (len(words) + 1)), *words, "http://localhost:%d%s" % (port, path))
    body, _, closing = done.stdout.rpartition("\n")
    status, _, location = closing.partition(" ")
    return Answer(int(status or 0), location, body)


def handshake(host: Host, path: str, origin: str = "", name: str = "localhost") -> int:
    """The status of a WebSocket handshake, as a browser (with ``origin``) or another client (without) makes it."""
    return int(host.check_output("python3 -c %s %s %s %s", _HANDSHAKE, path, name, origin))


def healthy(host: Host, app: str, port: int = 80) -> bool:
    """Whether the front gives the health body of an app's live process (S0-65: the body, not the status)."""
    return get(host, "/%s/_stcore/health" % app, port=port).body == "ok"


def wait_for(what: str, ready: t.Callable[[], bool]) -> None:
    """Wait until something is so; at most :data:`LIMIT` seconds."""
    end = time.monotonic() + LIMIT
    while not ready():
        assert time.monotonic() < end, "waited %d seconds in vain: %s" % (LIMIT, what)
        time.sleep(0.5)


def streamlit_processes(host: Host) -> dict[str, dict[str, str]]:
    """The apps' processes, by the name of the app's user: ``pid`` and ``args``."""
    found = {}
    for line in host.check_output("ps -eo user:40,pid,args --no-headers").splitlines():
        user, pid, args = line.split(None, 2)
        if "streamlit run" in args:
            found[user] = {"pid": pid, "args": args}
    return found


def as_user(host: Host, user: str, command: str, *arguments: str) -> int:
    """The exit status of a command that an app's user runs."""
    return t.cast(int, host.run("runuser -u %s -- " + command, user, *arguments).rc)
