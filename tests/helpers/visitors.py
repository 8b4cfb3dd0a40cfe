# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain requests at a fixed rate, half of them on connections that are kept, half on new ones."""

from __future__ import annotations

import http.client
import itertools
import threading
import time
import typing as t

_THREADS = 4
_TIMEOUT = 60.0  # seconds; a busy machine is no failure, and the longest answer is told


class Visitors:
    """They ask until :meth:`close`.

    :param port: of the front
    :param paths: asked in turn; the right answer has status 200
    :param rate: requests a second, of all together
    """

    def __init__(self, port: int, paths: t.Sequence[str], rate: float) -> None:
        self.port, self.paths = port, paths
        self.asked = 0
        self.failed: list[str] = []
        self.longest = 0.0
        self._interval = _THREADS / rate
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._visit, args=(number % 2 == 0, number * self._interval / _THREADS))
            for number in range(_THREADS)
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Let them finish what they have begun."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _visit(self, keep: bool, delay: float) -> None:
        connection = self._connection()
        due = time.monotonic() + delay
        for path in itertools.cycle(self.paths):
            if self._over.wait(max(0.0, due - time.monotonic())):
                break
            due += self._interval
            begun = time.monotonic()
            problem = _ask(connection, path)
            self._note(path, time.monotonic() - begun, problem)
            if problem or not keep:
                connection.close()
                connection = self._connection()
        connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=_TIMEOUT)

    def _note(self, path: str, seconds: float, problem: str) -> None:
        with self._lock:
            self.asked += 1
            self.longest = max(self.longest, seconds)
            if problem:
                self.failed.append("%s: %s" % (path, problem))


def _ask(connection: http.client.HTTPConnection, path: str) -> str:
    """What was wrong with the answer; empty when nothing was."""
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException) as error:
        return "%s: %s" % (type(error).__name__, error)
    return "" if answer.status == 200 else "status %d" % answer.status
