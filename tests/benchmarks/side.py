# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One of two checkouts in ``before_and_after.py``: a host of its own, measured when the other side has been.

It runs with the modules and helpers of that checkout, and uses only what both of them have. Each line that it reads is
something to measure; its answer is a line of JSON.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import statistics
import sys
import time
import typing as t

from converge import SCRIPT, host_with
from helpers.nginx_beside import NginxBeside
from helpers.site_host import SiteHost

REQUESTS = 300


class Side:
    """A host with some apps, behind Caddy and behind nginx.

    :param count: of apps
    :param variables: of every playbook
    """

    def __init__(self, stack: contextlib.ExitStack, count: int, variables: dict[str, t.Any]) -> None:
        self._host: SiteHost = host_with(stack, count, **variables)
        self._app = self._host.name("many-00")
        self._changes = 0
        nginx = NginxBeside(self._host)
        stack.callback(nginx.close)
        self._ports = {"caddy": self._host.port, "nginx": nginx.port}

    def converge(self) -> float:
        """Seconds of a run that changes nothing."""
        return self._seconds(lambda: self._host.site().code)

    def change(self) -> float:
        """Seconds of the deploy of one app with a new script."""
        self._changes += 1
        (self._host.apps / self._app / "main.py").write_text(SCRIPT % (1000 + self._changes))
        return self._seconds(lambda: self._host.play("playbooks/deploy.yml", app=self._app).code)

    def nginx_page(self) -> float:
        return self._latency("nginx", "/many-00/")

    def nginx_process(self) -> float:
        return self._latency("nginx", "/many-00/_stcore/health")

    def caddy_page(self) -> float:
        return self._latency("caddy", "/many-00/")

    def caddy_process(self) -> float:
        return self._latency("caddy", "/many-00/_stcore/health")

    def _seconds(self, play: t.Callable[[], int]) -> float:
        begun = time.monotonic()
        assert play() == 0
        return time.monotonic() - begun

    def _latency(self, server: str, path: str) -> float:
        """The median of one request's milliseconds, on a connection that is open."""
        connection = http.client.HTTPConnection("localhost", self._ports[server], timeout=20)
        times = []
        with contextlib.closing(connection):
            for _request in range(REQUESTS):
                begun = time.perf_counter()
                connection.request("GET", path)
                answer = connection.getresponse()
                answer.read()
                times.append(time.perf_counter() - begun)
                assert answer.status == 200, (server, path, answer.status)
        return statistics.median(times) * 1000


def main() -> None:
    # What playbooks print goes away; answers have the descriptor to themselves.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    with contextlib.ExitStack() as stack:
        side = Side(stack, int(sys.argv[1]), json.loads(sys.argv[2]))
        print("ready", file=answers, flush=True)
        for line in sys.stdin:
            print(json.dumps(getattr(side, line.strip())()), file=answers, flush=True)


if __name__ == "__main__":
    main()
