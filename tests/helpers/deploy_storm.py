# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many deploys of one app while people use it: what they lose, here and with two ways that others deploy.

Each way serves release 0 below ``/app/`` when it is made, and deploys others; :func:`under_use` measures what visitors
see meanwhile.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import typing as t
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.system_python import system_python
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.conf import program_text
from helpers.fronts import NGINX_CONF, Front
from helpers.processes import Streamlit, free_port, wait_for_port
from helpers.serving_host import ServingHost
from helpers.supervisord import wait_for
from helpers.tabs import SCRIPT, Tabs
from helpers.visitors import Visitors

VERSION = "1.67.0"
BROKEN = "import streamlit as st\nraise RuntimeError('refused %d')\n"

# The published way: the front knows one port of each app, and every path goes to the process.
_PLAIN_SITE = """\
server {{
    listen 127.0.0.1:{port};
    location /app/ {{
        proxy_pass http://127.0.0.1:{app_port}/app/;
        proxy_http_version 1.1;
        proxy_set_header Host $http_host;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection "upgrade";
        proxy_read_timeout 86400;
    }}
}}
"""


@dataclass(frozen=True)
class Figures:
    """What people saw of some deploys; times in seconds."""

    way: str
    deploys: int
    refused: int
    sessions: int
    sessions_lost: int
    state_lost: int
    longest_rerun: float
    requests: int
    requests_failed: int
    longest_request: float
    problems: tuple[str, ...] = ()

    HEAD: t.ClassVar = (
        *("WAY", "DEPLOYS", "REFUSED", "SESSIONS", "LOST", "STATE LOST", "LONGEST RERUN"),
        *("REQUESTS", "FAILED", "LONGEST REQUEST"),
    )

    def cells(self) -> tuple[str, ...]:
        return (
            *(self.way, str(self.deploys), str(self.refused), str(self.sessions), str(self.sessions_lost)),
            *(str(self.state_lost), "%.2f s" % self.longest_rerun, str(self.requests), str(self.requests_failed)),
            "%.2f s" % self.longest_request,
        )


def table(rows: t.Sequence[Figures]) -> str:
    """The figures for people."""
    lines = [Figures.HEAD, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(Figures.HEAD))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)


class Ours:
    """This collection's deploy, with a real front and the watcher.

    :param server: ``nginx`` or ``caddy``
    :param deploy: the app's ``[deploy]``, as far as it differs
    """

    def __init__(self, host: ServingHost, server: str, **deploy: t.Any) -> None:
        self.name, self.host = "this collection, " + server, host
        self.app = host.add_app("app", owner={"name": ""}, gallery={"listed": True})
        host.apps[self.app]["deploy"].update(deploy)
        self.deploy(0)
        self.front = Front(server, list(host.apps.values()), host.root).start()
        self.port = self.front.port
        command = [system_python(), "-I", host.layout.zipapp, "watch", host.layout.root]
        host.daemon.add("pyapps-watcher", program_text("pyapps-watcher", command, layout=host.layout, start_seconds=0))

    @property
    def pin(self) -> str:
        """Where the page of the live release sends its tab, below the app's path."""
        return "~/%s/" % os.path.basename(os.readlink(self.host.layout.app(self.app).live))

    def deploy(self, number: int) -> None:
        """Bring a release live, as the site playbook does."""
        self.host.release(self.app, SCRIPT % number)
        result = self.host.deploy().results[self.app]
        assert result["note"] == "live", result

    def refuse(self, number: int) -> None:
        """Try to deploy a script that raises."""
        self.host.release(self.app, BROKEN % number)
        result = self.host.deploy().results[self.app]
        assert (result["state"], result["step"]) == ("failed", "script"), result

    def close(self) -> None:
        self.front.close()


class _Plain:
    """nginx in the published form, which has no gate: a broken app goes live, so none is tried."""

    name: t.ClassVar[str]
    pin = ""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="pyapps-plain-"))
        self.root.chmod(0o755)
        self.port = free_port()
        self.process = self._start(0)
        self._write()
        with (self.root / "nginx.log").open("wb") as log:
            self._nginx = subprocess.Popen(self._command(), stdout=log, stderr=log)
        wait_for_port(self.port, self._nginx, self.root / "nginx.log")

    def _start(self, number: int, port: int | None = None) -> Streamlit:
        return Streamlit(self.root / ("release-%d" % number), VERSION, "/app", SCRIPT % number, port=port)

    def _command(self, *options: str) -> list[str]:
        return [shutil.which("nginx") or "/usr/sbin/nginx", "-c", str(self.root / "nginx.conf"), *options]

    def _write(self) -> None:
        enabled = self.root / "etc" / "nginx" / "sites-enabled"
        enabled.mkdir(parents=True, exist_ok=True)
        (enabled / "app.conf").write_text(_PLAIN_SITE.format(port=self.port, app_port=self.process.port))
        user = "user www-data;\n" if os.geteuid() == 0 else ""
        (self.root / "nginx.conf").write_text(NGINX_CONF.format(user=user, root=self.root))

    def close(self) -> None:
        self._nginx.terminate()
        self._nginx.wait(20)
        self.process.close()
        shutil.rmtree(self.root)


class RestartInPlace(_Plain):
    """The published way: stop the process, start the new code on the same port."""

    name = "restart in place"

    def deploy(self, number: int) -> None:
        port = self.process.port
        self.process.close()
        self.process = self._start(number, port)


class ReloadOfTheFront(_Plain):
    """Start the new code on another port, point the front to it, reload the front, stop the old process."""

    name = "reload of the front"

    def deploy(self, number: int) -> None:
        old, self.process = self.process, self._start(number)
        self._write()
        worker = self._worker()
        subprocess.run(self._command("-s", "reload"), check=True, timeout=30)
        wait_for(lambda: self._worker() not in ("", worker), 60, "a worker with the new configuration")
        old.close()

    def _worker(self) -> str:
        """The process that takes new connections, as ps shows it; empty while there are two or none."""
        found = subprocess.run(
            ["pgrep", "-P", str(self._nginx.pid), "-f", "-x", "nginx: worker process"],
            capture_output=True,
            text=True,
            check=False,
        ).stdout.split()
        return found[0] if len(found) == 1 else ""


class Way(t.Protocol):
    """What :func:`under_use` needs of a way to deploy.

    :ivar name: for people
    :ivar port: of the front that visitors use
    :ivar pin: below the app's path, where the page of the live release sends its tab; or empty
    """

    name: str
    port: int

    @property
    def pin(self) -> str: ...

    def deploy(self, number: int) -> None:
        """Bring release ``number`` live."""


@t.runtime_checkable
class GatedWay(Way, t.Protocol):
    """One that refuses what is broken."""

    def refuse(self, number: int) -> None:
        """Try to deploy a script that raises."""


def under_use(way: Way, sessions: int, rate: float, deploys: int, refused: int = 0) -> Figures:
    """Deploy while sessions are open and requests come.

    :param sessions: how many; equal parts are opened on the first release and on each that is deployed
    :param rate: plain requests a second
    :param refused: how many broken deploys are tried, spread between the others
    """
    tabs = Tabs(pause=2.0)
    with contextlib.ExitStack() as stack:
        stack.callback(tabs.close)
        visitors = Visitors(way.port, ["/app/", "/app/_stcore/health"], rate)
        stack.callback(visitors.close)
        for number in range(deploys + 1):
            if number:
                for broken in range(refused * (number - 1) // deploys, refused * number // deploys):
                    assert isinstance(way, GatedWay), "%s has no gate" % way.name
                    way.refuse(broken)
                way.deploy(number)
            url = "ws://127.0.0.1:%d/app/%s" % (way.port, way.pin)
            tabs.open(url, sessions * (number + 1) // (deploys + 1) - sessions * number // (deploys + 1))
    return Figures(
        *(way.name, deploys, refused, tabs.opened, len(tabs.lost), len(tabs.state_lost), tabs.longest),
        *(visitors.asked, len(visitors.failed), visitors.longest),
        problems=tuple([*tabs.lost, *tabs.state_lost, *visitors.failed][:10]),
    )
