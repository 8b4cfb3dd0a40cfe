# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A hostile process that wants other apps' ports and what they say: `port_thief.py MODE TRIES PORT...`.

Standard library only, and a program of its own: it also runs inside an app. It prints one JSON object a line.

steal    wait until a port is free, take it, and answer whoever comes as if it were the app
bind     try to bind, in every spelling that a process has, TRIES times over all ports
connect  try to reach, in every spelling
"""

import contextlib
import itertools
import json
import re
import socket
import sys
import threading
import time

MPTCP, SCTP, SMC = 262, 132, 256
TCP_FASTOPEN_CONNECT = 30
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


def say(**what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")  # in one piece: threads say something, too
    sys.stdout.flush()


def stream(family: int, protocol: int = 0) -> socket.socket:
    return socket.socket(family, socket.SOCK_STREAM, protocol)


def binders() -> list:
    """Every way to take a port of 127.0.0.1."""
    addresses = [
        (socket.AF_INET, "127.0.0.1"),
        (socket.AF_INET, "0.0.0.0"),
        (socket.AF_INET6, "::"),
        (socket.AF_INET6, "::ffff:127.0.0.1"),
    ]
    options = [None, socket.SO_REUSEADDR, socket.SO_REUSEPORT]
    found = list(itertools.product(addresses, options, [0, socket.IPPROTO_TCP, MPTCP, SCTP, SMC]))
    return [*found, ((43, "127.0.0.1"), None, 0), ((43, "127.0.0.1"), None, 1)]  # AF_SMC


def bind(way: tuple, port: int) -> None:
    (family, address), option, protocol = way
    with stream(family, protocol) as taken:
        if family == socket.AF_INET6:
            taken.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        if option is not None:
            taken.setsockopt(socket.SOL_SOCKET, option, 1)
        taken.bind((address, port))
        taken.listen()


def plainly(family: int, address: str, port: int, protocol: int = 0) -> None:
    with stream(family, protocol) as reached:
        reached.settimeout(5)
        reached.connect((address, port))


def with_first_packet(port: int, call: str) -> None:
    """TCP Fast Open connects without connect(2)."""
    with stream(socket.AF_INET) as reached:
        if call == "sendto":
            reached.sendto(b"GET", socket.MSG_FASTOPEN, ("127.0.0.1", port))
        elif call == "sendmsg":
            reached.sendmsg([b"GET"], [], socket.MSG_FASTOPEN, ("127.0.0.1", port))
        else:
            reached.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1)
            reached.connect(("127.0.0.1", port))


def connectors(port: int) -> list:
    """Every way to reach a port of 127.0.0.1."""
    addresses = [
        (socket.AF_INET, "127.0.0.1"),
        (socket.AF_INET, "0.0.0.0"),
        (socket.AF_INET6, "::ffff:127.0.0.1"),
        (socket.AF_INET6, "::ffff:0.0.0.0"),
    ]
    plain = [
        lambda family=family, address=address, protocol=protocol: plainly(family, address, port, protocol)
        for (family, address), protocol in itertools.product(addresses, [0, MPTCP, SCTP, SMC])
    ]
    return plain + [lambda call=call: with_first_packet(port, call) for call in ("sendto", "sendmsg", "option")]


def tried(attempts: "itertools.chain", count: int) -> None:
    """Make the attempts; a line for each that got through, and one at the end."""
    done = 0
    for number, attempt in enumerate(itertools.islice(itertools.cycle(attempts), count)):
        done += 1
        with contextlib.suppress(OSError):
            attempt()
            say(through=number)
    say(tries=done)


def steal(port: int) -> None:
    while True:
        try:
            taken = socket.create_server(("127.0.0.1", port))
            break
        except OSError:
            pass
    say(bound=time.monotonic())
    while True:
        visitor, _address = taken.accept()
        # At once: nobody who says nothing lets others wait.
        threading.Thread(target=welcome, args=[visitor], daemon=True).start()


def welcome(visitor: socket.socket) -> None:
    with contextlib.suppress(OSError), visitor:
        visitor.settimeout(1)
        request = visitor.recv(65536)
        visitor.sendall(ANSWER)
        # Who only looks whether somebody is there asks nothing.
        sent = re.search(rb"\r\nX-Sent: ([0-9.]+)\r\n", request, re.IGNORECASE)
        if sent:
            say(sent=float(sent.group(1)), cookie=b"cookie" in request.lower())


if __name__ == "__main__":
    mode, count, ports = sys.argv[1], int(sys.argv[2]), [int(word) for word in sys.argv[3:]]
    if mode == "steal":
        steal(ports[0])
    elif mode == "bind":
        tried([lambda way=way, port=port: bind(way, port) for way in binders() for port in ports], count)
    else:
        tried([attempt for port in ports for attempt in connectors(port)], count)
