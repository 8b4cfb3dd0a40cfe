# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How one app is, asked as visitors ask it.

Everything has an end: an app gets one time limit for all questions, however slowly it answers each.
"""

from __future__ import annotations

import dataclasses
import os
import time
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import (
    probe_http as _probe_http,
    probe_websocket as _probe_websocket,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import AppLayout, Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._health import crashes as _health_crashes
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.report import Finding
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.settings import FrontAddress
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.base import Kind
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.registry import kind_of
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.rpc import Process
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.endpoint import Endpoint
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import instance_state as _instance_state

FOREIGN_ORIGIN = "https://foreign.invalid"
"""A page that no app lets in (RFC 2606)."""

_REFUSED = 403
_OPENED = 101
_LEAST_SECONDS = 0.1


def described(process: Process) -> str:
    """What people want to know of a process; supervisor says nothing while it is STARTING."""
    return process.description or "pid %d, up for %d s" % (process.pid, process.uptime)


@dataclasses.dataclass(frozen=True)
class Programs:
    """What supervisord knows.

    :param log: the end of its own log
    """

    processes: t.Mapping[str, Process]
    deaths: t.Mapping[str, t.Sequence[_health_crashes.Death]]

    @classmethod
    def read(cls, processes: t.Mapping[str, Process], log: str) -> Programs:
        return cls(processes, _health_crashes.deaths(log))

    def problems(self, name: str) -> list[str]:
        """What is wrong with a program: its state, and that it dies again and again."""
        process = self.processes.get(name)
        problem = _instance_state.process_problem(process)
        found = [problem] if problem else []
        if process is not None:
            # A process has another name in the log when others have grouped it.
            history = self.deaths.get(name.rpartition(":")[2], ())
            loop = _health_crashes.crash_loop(history, process.uptime, process.now)
            found += [loop] if loop else []
        return found

    def recent_deaths(self, name: str) -> int:
        """How often a program died within the last ten minutes."""
        now = self.processes[name].now if name in self.processes else 0
        return sum(now - death.when <= _health_crashes.WINDOW for death in self.deaths.get(name, ()))


def served_apps(layout: Layout) -> list[AppLayout]:
    """The apps that this host shall serve: those with a live instance or a release. Kept data alone is no app."""
    apps = (layout.app(name) for name in layout.app_names())
    return [app for app in apps if os.path.lexists(app.live) or os.path.isdir(app.releases)]


@dataclasses.dataclass(frozen=True)
class Around:
    """What was learnt of a host before its apps are asked.

    :param programs: None when supervisord does not answer
    :param owners: who listens, by port: one look for all, because each costs milliseconds
    :param front: asked too, when there is one
    :param timeout: seconds for all answers of an app together
    :param again: asks supervisord anew, for an app that a deploy has switched in the meantime
    """

    layout: Layout
    programs: Programs | None
    owners: t.Mapping[int, int]
    front: FrontAddress | None
    timeout: float
    again: t.Callable[[], Programs | None]


def check_app(app: AppLayout, around: Around) -> Finding:
    """Look at an app's live instance, and ask it."""
    deadline = time.monotonic() + around.timeout
    live = _instance_state.live_instance(app)
    finding = _check_live(app, live, around, deadline)
    programs = around.programs
    known = live is None or programs is None or "%s.%s" % (app.name, live.instance) in programs.processes
    if not finding.healthy and (not known or _instance_state.live_instance(app) != live):
        around = dataclasses.replace(around, programs=around.again())
        finding = _check_live(app, _instance_state.live_instance(app), around, deadline)
    return finding


def _check_live(app: AppLayout, live: _instance_state.Live | None, around: Around, deadline: float) -> Finding:
    if live is None:
        return Finding("app", app.name, ("has never been live: its first deploy has failed, so deploy it again",))
    program, programs = "%s.%s" % (app.name, live.instance), around.programs
    process = programs.processes.get(program) if programs else None
    problems = programs.problems(program) if programs else []
    numbers: dict[str, float] = {}
    if programs and process:
        numbers.update(app_uptime_seconds=process.uptime, app_recent_deaths=programs.recent_deaths(program))
    url = ""
    begun = time.monotonic()
    try:
        settings = _instance_state.live_settings(around.layout, live)
        _user, uid = _instance_state.process_owner(app.name)
    except _instance_state.ReleaseError as error:
        problems.append(str(error))
    else:
        questions = _Questions(settings, live.port, around.front, deadline)
        url = questions.url
        stranger = None if around.owners.get(live.port) == uid else _instance_state.owner_problem(live.port, uid)
        # Who is not the app is told nothing and asked nothing.
        problems += [stranger] if stranger else questions.problems()
        numbers["app_answer_seconds"] = round(time.monotonic() - begun, 4)
    state, detail = (process.state, described(process)) if process else ("", "")
    return Finding("app", app.name, tuple(problems), state=state, detail=detail, url=url, numbers=numbers)


class _Questions:
    """The questions to an app's process, directly and through the front; each is asked when those before went well."""

    def __init__(self, settings: t.Mapping[str, t.Any], port: int, front: FrontAddress | None, deadline: float) -> None:
        self._settings, self._port, self._front, self._deadline = settings, port, front, deadline
        self._kind: Kind = kind_of(settings)
        direct = "http://localhost:%d" % port
        self.url = "%s%s/" % (front.url if front else direct, settings["base_path"])

    @property
    def _left(self) -> float:
        return max(_LEAST_SECONDS, round(self._deadline - time.monotonic(), 1))

    def problems(self) -> list[str]:
        """Everything that is wrong; what a broken process cannot answer is not asked through the front as well."""
        problem = (
            _instance_state.health_problem(self._settings, Endpoint(self._port), self._left) or self._direct_stream()
        )
        if problem:
            return [problem]
        if self._front is None:
            return []
        found = (self._front_health(self._front), self._front_stream(self._front), self._foreign(self._front))
        return [problem for problem in found if problem]

    def _direct_stream(self) -> str | None:
        """Only as its own page: a foreign one can hold up an app's sessions."""
        host = "localhost:%d" % self._port
        return self._stream("127.0.0.1", self._port, host, "http://" + host, _OPENED, "the app")

    def _front_stream(self, front: FrontAddress) -> str | None:
        return self._stream(front.address, front.port, front.host_header, front.url, _OPENED, "the front")

    def _foreign(self, front: FrontAddress) -> str | None:
        return self._stream(front.address, front.port, front.host_header, FOREIGN_ORIGIN, _REFUSED, "the front")

    def _stream(self, address: str, port: int, host: str, origin: str, wanted: int, who: str) -> str | None:
        stream = self._kind.stream
        if stream is None:
            return None
        try:
            status = _probe_websocket.handshake(
                address,
                port,
                stream.path(self._settings),
                host_header=host,
                origin=origin,
                timeout=self._left,
                protocol=stream.protocol,
            )
        except _probe_http.ProbeError as error:
            return "a WebSocket from %s through %s fails: %s" % (origin, who, error)
        if status == wanted:
            return None
        if wanted == _REFUSED:
            done = "lets" if status == _OPENED else "answers %d to" % status
            return "%s %s a WebSocket from the foreign page %s%s instead of refusing it with 403" % (
                who,
                done,
                origin,
                " in" if status == _OPENED else "",
            )
        return "a WebSocket from %s is refused by %s with %d" % (origin, who, status)

    def _front_health(self, front: FrontAddress) -> str | None:
        path, wanted = self._kind.health_path(self._settings), self._kind.health_body
        headers = {"Host": front.host_header}
        try:
            status, _headers, body = _probe_http.get(front.address, front.port, path, self._left, headers)
        except _probe_http.ProbeError as error:
            return "Unable to reach %s: %s" % (self.url, error)
        text = body.decode("utf-8", "replace").strip()
        if (status, text) == (200, wanted):
            return None
        return "Unable to reach %s: the front answers %d %r instead of 200 %r" % (self.url, status, text[:60], wanted)
