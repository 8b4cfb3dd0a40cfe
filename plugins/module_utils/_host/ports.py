# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which port a new instance gets."""

from __future__ import annotations

import random
import re
import socket
import threading
import typing as t

EPHEMERAL = range(32768, 61000)
"""The kernel gives these to outgoing connections (ip_local_port_range): no listener of ours belongs there."""


SERVICES = frozenset((24224, 25060, 25061, 26257, 26379, *range(27017, 27021), 28015))
"""Within the usual range of apps, where databases and the like listen, on this machine or another one: MongoDB,
CockroachDB, Redis Sentinel, RethinkDB, Fluentd, and what DigitalOcean hosts. Which machine is asked, the kernel does
not look at, so an app could not ask any of them; they are no app's."""

_SETTINGS = "/proc/sys/net/ipv4/ip_local_%s"


class PortError(ValueError):
    """No port can be given, or a range is not one; the text says what to change."""


def parse_range(text: str) -> range:
    """Read a range such as ``20000-29999`` (both ends are in it).

    :raises PortError: it is not one, or leaves 1024 to 65535
    """
    match = re.fullmatch(r"\s*([0-9]{1,5})\s*-\s*([0-9]{1,5})\s*", text)
    if match:
        first, last = int(match.group(1)), int(match.group(2))
        if 1024 <= first <= last <= 65535:
            return range(first, last + 1)
    raise PortError("port_range: %r is not a range of ports such as 20000-29999, within 1024 and 65535" % text)


def parse_ports(text: str) -> list[range]:
    """Read what :attr:`PortPool.text` wrote, such as ``20000-29999,8001``: ranges, the first one of them the host's.

    :raises PortError: it is not that
    """
    return [parse_range(part if "-" in part else "%s-%s" % (part, part)) for part in text.split(",")]


def is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1:``port`` now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: old connections do not hold it
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except OSError:
            return False
    return True


def handed_out(settings: str = _SETTINGS) -> set[int]:
    """The ports that this kernel hands out, as it is set up now; none where it does not say so."""
    try:
        with open(settings % "port_range", encoding="ascii") as file:
            first, last = map(int, file.read().split())
        with open(settings % "reserved_ports", encoding="ascii") as file:
            reserved = [part.partition("-") for part in file.read().strip().split(",") if part]
    except (OSError, ValueError):
        return set()
    kept = (range(int(low), int(high or low) + 1) for low, _dash, high in reserved)
    return set(range(first, last + 1)).difference(*kept)


def given_port(entry: t.Mapping[str, t.Any]) -> int | None:
    """The port that an app of the catalog asks for."""
    port: int | None = entry[entry["kind"]].get("port")
    return port


class PortPool:
    """The ports of one host, for the threads of one run.

    :param ports: where to take them from
    :param taken: ports that instances on this host have, running or not
    :param given: ports that apps of the catalog ask for
    """

    def __init__(self, ports: range, taken: t.Iterable[int], given: t.Iterable[int] = ()) -> None:
        self._ports = ports
        self._taken = set(taken)
        self._given = frozenset(given)
        self._lock = threading.Lock()

    @property
    def text(self) -> str:
        """Every port that belongs to an app of this host or may come to: the range, then those outside of it."""
        with self._lock:
            outside = sorted(port for port in self._taken | self._given if port not in self._ports)
        return ",".join(["%d-%d" % (self._ports.start, self._ports.stop - 1), *map(str, outside)])

    def take(self, preferred: int | None = None) -> int:
        """A free port that is nobody else's from now on: the preferred one if it is free, else any of the range.

        Any, not the lowest: a port that was just given up should not be another app's the next moment.

        :raises PortError: every port is taken
        """
        with self._lock:
            others = self._taken | SERVICES
            candidates = [port for port in self._ports if port not in EPHEMERAL and port not in others]
            random.shuffle(candidates)
            if preferred is not None and preferred not in self._taken:
                candidates.insert(0, preferred)
            for port in candidates:
                if is_free(port):
                    self._taken.add(port)
                    return port
        raise PortError(
            "no free port between %d and %d (without the kernel's own %d to %d): widen pyapps_port_range"
            % (self._ports.start, self._ports.stop - 1, EPHEMERAL.start, EPHEMERAL.stop - 1)
        )

    def give_back(self, port: int) -> None:
        """A port that its instance does not need any more."""
        with self._lock:
            self._taken.discard(port)
