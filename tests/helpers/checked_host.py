# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host of two apps that ``pyapps healthcheck`` looks at."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
import typing as t
from pathlib import Path

from ansible_collections.selfhost.pyapps.plugins.module_utils._health import settings as _health_settings
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_state import Live, live_instance

from .fronts import Front
from .serving_host import ServingHost

GOOD = "import streamlit as st\nst.write('good')\n"
LOG_LINE = re.compile(
    r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - healthcheck\.py - (DEBUG|INFO|WARNING|ERROR|CRITICAL) - (.*)$"
)


class CheckedHost:
    """Two good apps behind a front, with the health check's configuration; well unless a test makes it ill."""

    def __init__(self, host: ServingHost, server: str) -> None:
        self.host = host
        self.apps = [self.add_app(short) for short in ("one", "two")]
        assert {result["state"] for result in host.deploy().results.values()} == {"ok"}
        self.front = Front(server, list(host.apps.values()), host.root)
        self.front.start()
        self.configure()

    def add_app(self, short: str, script: str | None = GOOD, **server: t.Any) -> str:
        name = self.host.add_app(short, owner={"name": ""}, gallery={"listed": True})
        self.host.release(name, script, **server)
        return name

    def configure(self, **settings: t.Any) -> None:
        front = _health_settings.front_address(self.front.server, self.front.port, "127.0.0.1", ())
        if self.front.server == "caddy":
            settings.setdefault("front", None)  # the helper's Caddy runs as root; a host's has a user of its own
        # How much disk and memory this machine has left is not these tests' concern.
        unconcerned = {"front": front, "min_disk_percent": 0, "min_memory_percent": 0}
        found = _health_settings.Settings(**{**unconcerned, **settings})
        Path(self.host.layout.healthcheck).write_text(_health_settings.to_json(found))

    def run(self, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """The command, as it is installed."""
        command = ["/usr/bin/python3", "-I", self.host.layout.zipapp, "healthcheck", *options]
        return subprocess.run(
            command, capture_output=True, text=True, timeout=60, check=False, env={**os.environ, **environment}
        )

    def ask(self, *options: str) -> tuple[int, dict[str, str]]:
        """Exit code, and what is wrong with whom: all problems of one in a text."""
        done = self.run("--json", *options)
        assert done.stderr == ""
        said: dict[str, str] = {}
        for problem in json.loads(done.stdout)["problems"]:
            said[problem["name"]] = "\n".join(filter(None, [said.get(problem["name"]), problem["problem"]]))
        return done.returncode, said

    def restore(self) -> None:
        """Make it well again, whatever a test that failed has left."""
        self.configure()
        if not self.host.daemon.is_up():
            self.host.daemon.start()
        for process in self.host.supervisor.processes().values():
            if process.name.partition(".")[0] not in self.host.apps:
                self.host.supervisor.stop(process.name, 10)
                self.host.supervisor.remove(process.name)
                os.unlink(self.host.layout.program(process.name))
            elif process.state in ("STOPPED", "EXITED", "FATAL"):
                self.host.supervisor.start(process.name)
        deadline = time.monotonic() + 120
        while (last := self.run()).returncode:
            assert time.monotonic() < deadline, "it does not become well again:\n" + last.stdout + last.stderr
            time.sleep(0.1)

    def live(self, name: str) -> Live:
        found = live_instance(self.host.layout.app(name))
        assert found is not None
        return found

    def program(self, name: str) -> str:
        return "%s.%s" % (name, self.live(name).instance)

    def pid(self, name: str) -> int:
        return self.host.supervisor.processes()[self.program(name)].pid


def messages(text: str) -> list[str]:
    """The lines' texts; each line has the published form."""
    found = [LOG_LINE.match(line) for line in text.splitlines()]
    assert all(found), text
    return [match[2] for match in found if match]
