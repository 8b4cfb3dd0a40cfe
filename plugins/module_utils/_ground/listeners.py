# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who listens on a TCP port, as the kernel says.

A port is proven, not assumed: a listener is ours only if its user is the app's; and a stranger is named, never killed.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import sys
import typing as t
from dataclasses import dataclass

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import sock_diag as _sock_diag

_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
_ESTABLISHED, _LISTEN = "01", "0A"  # of the kernel's tcp_states.h
_LONGEST_COMMAND = 120


@dataclass(frozen=True)
class Listener:
    """Who accepts connections to 127.0.0.1 on a port.

    ``pid`` and ``command`` are None when the kernel does not show us that process (another user's, or another
    container's); ``uid`` is the socket's owner and always known.
    """

    pid: int | None
    uid: int
    command: str | None


def listener(port: int) -> Listener | None:
    """Who takes a connection to 127.0.0.1:``port``, or None when nobody does."""
    return listeners([port]).get(port)


def listeners(ports: t.Iterable[int]) -> dict[int, Listener]:
    """The same for several ports in one look at ``/proc``; ports that are free are left out."""
    sockets = _listening_sockets(set(ports))
    pids = _pids_by_inode({inode for _uid, inode in sockets.values()})
    found = {}
    for port, (uid, inode) in sockets.items():
        pid = pids.get(inode)
        found[port] = Listener(pid, uid, command_of(pid) if pid is not None else None)
    return found


def listener_uid(port: int) -> int | None:
    """The user id of who takes a connection to 127.0.0.1:``port``; quick, since it looks at no process."""
    return listener_uids({port}).get(port)


def listener_uids(ports: t.Collection[int] | None = None) -> dict[int, int]:
    """The same for several ports, or for all, in one look."""
    return {port: uid for port, (uid, _inode) in _listening_sockets(ports).items()}


def is_hidden_of(found: Listener, user: str) -> bool:
    """Whether this is a process of that user that the kernel does not show us, as to root in a container."""
    try:
        return found.pid is None and found.uid == pwd.getpwnam(user).pw_uid
    except KeyError:
        return False


def describe(found: Listener) -> str:
    """A listener as people need it to find it: ``pid 123 (nginx: master process nginx)``."""
    if found.pid is not None:
        return "pid %d (%s)" % (found.pid, found.command)
    try:
        user = pwd.getpwuid(found.uid).pw_name
    except KeyError:
        user = str(found.uid)
    return "a process of user %s" % user


def command_of(pid: int) -> str:
    """The command line of a process, on one line of at most 120 characters; ``?`` when it has ended."""
    text = ""
    with contextlib.suppress(OSError), open("/proc/%d/cmdline" % pid, "rb") as file:
        text = file.read(4096).replace(b"\0", b" ").decode("utf-8", "replace")
    text = re.sub(r"[^ -~\u00a0-\U0010ffff]+", " ", text).strip()
    return text[:_LONGEST_COMMAND] or "?"


def connections(port: int) -> int:
    """How many connections to a port of this machine are open, as its server sees them."""
    return sum(1 for table in _TABLES for _address, found, _uid, _inode in _table(table, _ESTABLISHED) if found == port)


def _listening_sockets(ports: t.Collection[int] | None) -> dict[int, tuple[int, str]]:
    """Owner and inode of the socket that takes a loopback connection, by port; None asks for every port."""
    ranked: dict[int, tuple[int, int, str]] = {}
    for address, port, uid, inode in _all_listening(ports):
        rank = _loopback_rank(address)
        if (ports is None or port in ports) and rank is not None and rank < ranked.get(port, (99,))[0]:
            ranked[port] = (rank, uid, inode)
    return {port: (uid, inode) for port, (_rank, uid, inode) in ranked.items()}


def _all_listening(ports: t.Collection[int] | None) -> list[_sock_diag.Listening]:
    """Every listening socket; where the kernel is quick, of the range of some ports only."""
    try:
        return _sock_diag.listening(min(ports), max(ports)) if ports else _sock_diag.listening()
    except OSError:  # a kernel without that interface, or a sandbox that hides it
        return [
            _sock_diag.Listening(_address_of(address), port, uid, inode)
            for table in _TABLES
            for address, port, uid, inode in _table(table, _LISTEN)
        ]


def _table(path: str, state: str) -> t.Iterator[tuple[str, int, int, str]]:
    """Address (hex), port, user id and inode of each socket of a kernel table (proc(5)) that is in a state."""
    with contextlib.suppress(FileNotFoundError), open(path, encoding="ascii") as file:  # a kernel without IPv6
        next(file, None)
        for line in file:
            fields = line.split(None, 10)
            if fields[3] == state:
                address, _colon, port = fields[1].rpartition(":")
                yield address, int(port, 16), int(fields[7]), fields[9]


def _address_of(words: str) -> bytes:
    """An address of a kernel table, which writes it in words of 32 bits in the machine's order."""
    return b"".join(int(words[at : at + 8], 16).to_bytes(4, sys.byteorder) for at in range(0, len(words), 8))


def _loopback_rank(address: bytes) -> int | None:
    """How closely a socket's address fits 127.0.0.1 (0 is exact); None when it does not take such connections."""
    order = (
        b"\x7f\0\0\x01",
        b"\0" * 10 + b"\xff\xff\x7f\0\0\x01",
        b"\0" * 4,
        b"\0" * 16,
    )
    return order.index(address) if address in order else None


def _pids_by_inode(inodes: set[str]) -> dict[str, int]:
    """Which process holds a socket; the lowest pid when several share it (a parent is started before its workers)."""
    wanted = {"socket:[%s]" % inode: inode for inode in inodes}
    found: dict[str, int] = {}
    if not wanted:
        return found
    for pid in sorted(int(name) for name in os.listdir("/proc") if name.isdigit()):
        folder = "/proc/%d/fd" % pid
        with contextlib.suppress(OSError):
            for descriptor in os.listdir(folder):
                with contextlib.suppress(OSError):
                    inode = wanted.get(os.readlink(os.path.join(folder, descriptor)))
                    if inode is not None:
                        found.setdefault(inode, pid)
        if len(found) == len(wanted):
            break
    return found
