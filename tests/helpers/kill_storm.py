# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random apps of a host are killed, one after another, while the health check looks without a pause.

Visitors come through a real nginx, and the watcher runs, as on a host. What is measured: how soon visitors have a
killed app back, and whether each health check told the truth.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import threading
import time
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import probe_http as _probe_http
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.system_python import system_python
from ansible_collections.selfhost.pyapps.plugins.module_utils._health import settings as _health_settings
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.conf import program_text
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.rpc import Process, Supervisor
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_state import live_instance
from helpers.fronts import Front
from helpers.serving_host import ServingHost, free_ports
from helpers.supervisord import wait_for

SCRIPT = "import streamlit as st\nst.write('good')\n"
_POLL = 0.05
_EDGE = 0.3  # seconds around a death or a return in which either answer is true
_GIVE_UP = 60.0


@dataclass
class Event:
    """One death: when it was killed, when it was seen down last, and when visitors had it back.

    :param started: seconds from the birth of the new process until it answered: the app's own start time, which on a
        busy machine is another one each time
    """

    app: str
    killed: float
    down: float = 0.0
    started: float = 0.0
    back: float = float("inf")

    @property
    def outage(self) -> float:
        return self.back - self.killed


class Sample(t.NamedTuple):
    """One health check: when it began and ended, and what it said of each app."""

    begun: float
    ended: float
    problems: dict[str, str]


@dataclass
class Storm:
    """Everything that was seen.

    :param settled: when it began
    """

    settled: float = 0.0
    events: list[Event] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)

    def late(self, grace: float) -> list[Event]:
        """The events after which an app was not back within its start time and some seconds."""
        return [event for event in self.events if event.outage > event.started + grace]

    def judged(self) -> tuple[int, int, list[str]]:
        """How many answers had to say healthy and did, had to say unhealthy and did; and every lie.

        Judged are answers that lie wholly before, wholly after, or wholly within an outage.
        """
        well, ill, lies = 0, 0, []
        for app in {event.app for event in self.events}:
            events = [event for event in self.events if event.app == app]
            for sample in (sample for sample in self.samples if sample.begun >= self.settled):
                said = sample.problems.get(app)
                truth = _truth(sample, events)
                if truth is None:
                    continue
                if truth == (said is None):
                    well, ill = well + truth, ill + (not truth)
                else:
                    lies.append("%s at %.1f-%.1f: %s; %s" % (app, sample.begun, sample.ended, said, events))
        return well, ill, lies


def _truth(sample: Sample, events: t.Sequence[Event]) -> bool | None:
    """Whether an app was well for the whole time of a sample; None where it changed meanwhile."""
    if all(sample.ended < event.killed or sample.begun > event.back + _EDGE for event in events):
        return True
    if any(event.killed + _EDGE < sample.begun and sample.ended < event.down for event in events):
        return False
    return None


class StormyHost:
    """A host with some equal apps, a front and the watcher."""

    def __init__(self, host: ServingHost, count: int) -> None:
        self.host = host
        host.ports = free_ports(count + 10)
        for number in range(count):
            name = host.add_app("storm%02d" % number, owner={"name": ""}, gallery={"listed": True})
            host.release(name, SCRIPT)
        outcome = host.deploy(parallel=2)
        assert {result["state"] for result in outcome.results.values()} == {"ok"}
        self.apps = sorted(host.apps)
        self.front = Front("nginx", list(host.apps.values()), host.root).start()
        address = _health_settings.front_address("nginx", self.front.port, "127.0.0.1", ())
        settings = _health_settings.Settings(front=address, min_disk_percent=0, min_memory_percent=0)
        Path(host.layout.healthcheck).write_text(_health_settings.to_json(settings))
        command = [system_python(), "-I", host.layout.zipapp, "watch", host.layout.root]
        host.daemon.add("pyapps-watcher", program_text("pyapps-watcher", command, layout=host.layout, start_seconds=0))

    def program(self, app: str) -> str:
        live = live_instance(self.host.layout.app(app))
        assert live is not None
        return "%s.%s" % (app, live.instance)

    def serves(self, app: str) -> bool:
        """Whether visitors get the health body of an app."""
        path = self.host.apps[app]["base_path"] + "/_stcore/health"
        try:
            return _probe_http.get("127.0.0.1", self.front.port, path, 10)[::2] == (200, b"ok")
        except _probe_http.ProbeError:
            return False

    def sample(self) -> Sample:
        """One health check by the installed command."""
        command = [system_python(), "-I", self.host.layout.zipapp, "healthcheck", "--json"]
        begun = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        ended = time.monotonic()
        assert done.returncode in (0, 1), done.stdout + done.stderr
        said: dict[str, str] = {}
        for problem in json.loads(done.stdout)["problems"]:
            said[problem["name"]] = "%s %s" % (said.get(problem["name"], ""), problem["problem"])
        assert set(said) <= set(self.apps), said
        return Sample(begun, ended, said)

    def storm(self, kills: int, pause: float, rest: float, seed: int) -> Storm:
        """Kill random apps.

        :param pause: seconds from one kill to the next
        :param rest: seconds that an app is left alone after its last death. Supervisor restarts without a delay who has
            lived for 10 s; and who dies thrice within 30 s of each start is a crash loop, as it should be
        """
        chance, seen, over = random.Random(seed), Storm(), threading.Event()  # noqa: S311 - not a secret
        failed: list[BaseException] = []

        def look() -> None:
            try:
                while not over.is_set():
                    seen.samples.append(self.sample())
            except BaseException as error:
                failed.append(error)

        looking = threading.Thread(target=look)
        looking.start()
        try:
            wait_for(lambda: all(self._is_settled(app) for app in self.apps), 60, "all apps have been up for a while")
            seen.settled = time.monotonic()
            threads = []
            for _number in range(kills):
                free = [app for app in self.apps if self._has_rested(app, seen.events, rest)]
                while not free:
                    time.sleep(_POLL)
                    free = [app for app in self.apps if self._has_rested(app, seen.events, rest)]
                threads.append(threading.Thread(target=self._kill, args=(chance.choice(free), seen)))
                threads[-1].start()
                time.sleep(pause)
            for thread in threads:
                thread.join()
        finally:
            over.set()
            looking.join()
        assert not failed, failed
        seen.samples += [self.sample(), self.sample()]
        return seen

    def _is_settled(self, app: str) -> bool:
        return self._process(app).state == "RUNNING" and self.serves(app)

    def _process(self, app: str) -> Process:
        # A client of its own: one of xmlrpc is not made for several threads.
        return Supervisor(self.host.layout.supervisor_socket).processes()[self.program(app)]

    def _has_rested(self, app: str, events: t.Sequence[Event], rest: float) -> bool:
        return all(time.monotonic() > event.back + rest for event in events if event.app == app)

    def _kill(self, app: str, seen: Storm) -> None:
        live = live_instance(self.host.layout.app(app))
        assert live is not None
        path = self.host.apps[app]["base_path"] + "/_stcore/health"
        pid = self._process(app).pid
        event = Event(app, time.monotonic())
        seen.events.append(event)
        os.kill(pid, signal.SIGKILL)
        while time.monotonic() < event.killed + _GIVE_UP:
            asked = time.monotonic()
            # supervisord is asked only then: a question would wake it up, and it would see the death sooner.
            if not event.started and _answers(live.port, path) and self._process(app).pid not in (0, pid):
                event.started = time.monotonic() - _born(self._process(app).pid)
            if event.started and self.serves(app):
                event.back = time.monotonic()
                return
            event.down = asked
            time.sleep(_POLL)

    def close(self) -> None:
        self.front.close()


def _answers(port: int, path: str) -> bool:
    try:
        return _probe_http.get("127.0.0.1", port, path, 10)[::2] == (200, b"ok")
    except _probe_http.ProbeError:
        return False


def _born(pid: int) -> float:
    """When a process was started, by the clock of ``time.monotonic`` (proc(5), starttime)."""
    ticks = int(Path("/proc/%d/stat" % pid).read_text().rpartition(")")[2].split()[19])
    age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    return time.monotonic() - age
