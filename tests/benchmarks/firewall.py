# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the firewall costs a front: a new connection to an app's port with its rules and without, in turn. Needs root.

PYTHONPATH=collections:tests unshare --net python tests/benchmarks/firewall.py
"""

from __future__ import annotations

import socket
import statistics
import subprocess
import threading
import time

from ansible_collections.selfhost.pyapps.plugins.module_utils._state import firewall as _firewall
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.firewall import Port
from measure import Row, middle, table

APPS, ROUNDS, CONNECTIONS = 150, 10, 500
FIRST_PORT, FIRST_UID = 20000, 60706


def serve(server: socket.socket) -> None:
    while True:
        connection, _address = server.accept()
        with connection:
            connection.recv(1)


def connect() -> float:
    """Microseconds of one connection, until the server has seen it and left."""
    begun = time.perf_counter()
    with socket.create_connection(("127.0.0.1", FIRST_PORT), 10) as connection:
        connection.sendall(b"x")
        connection.recv(1)
    return (time.perf_counter() - begun) * 1e6


def several() -> float:
    return statistics.median(connect() for _connection in range(CONNECTIONS))


def main() -> None:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    server = socket.create_server(("127.0.0.1", FIRST_PORT), backlog=128)
    threading.Thread(target=serve, args=(server,), daemon=True).start()
    rules = _firewall.rules([Port(FIRST_PORT + app, FIRST_UID + app, True) for app in range(APPS)])
    pairs, writes = [], []
    for _round in range(ROUNDS):
        begun = time.perf_counter()
        _firewall.write(rules)
        writes.append((time.perf_counter() - begun) * 1e3)
        closed = several()
        _firewall.remove()
        pairs.append((closed, several()))
    print(table([Row("a new connection, %d apps (rules, none)" % APPS, *middle(pairs), "us", "<= 1.1")]))
    print("the rules are written in %.0f ms" % statistics.median(writes))


if __name__ == "__main__":
    main()
