# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof that a candidate gives before it becomes live.

Each step shows a behaviour and has a time limit: ``start`` (the process is up, and the listener is the app's user),
``health`` (the body is right), ``script`` (a visitor's run of the script has shown no exception), ``handshake`` (a
browser would get its WebSocket from the host's own pages, and not from a stranger's), ``stable`` (the process is still
the same one some seconds later). What a release shows before its process starts is in ``_deploy/trial.py``.
"""

from __future__ import annotations

import time
import typing as t
import urllib.parse
from dataclasses import dataclass, field

from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.deploy_settings import (
    HEALTH,
    PAGES,
    DeploySettings,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.write_refused import with_advice
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import (
    probe_http as _probe_http,
    probe_websocket as _probe_websocket,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.listeners import listener_uid
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.limits import blame_memory, limits_of
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.base import Stream
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.page_check import PageCheck
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.page_checks import page_check_of
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.registry import kind_of
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor import log_tail as _log_tail
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.rpc import Process, Supervisor
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_record import InstanceRecord
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_state import (
    health_problem,
    owner_problem,
    process_problem,
)

HANDSHAKE_SECONDS = 10.0
"""How long one handshake may take. An app may look for its own address before it refuses a stranger."""

FOREIGN_ORIGIN = "https://pyapps-gate.invalid"
"""A page that no app lets in: the name cannot exist (RFC 6761)."""

_POLL = 0.1
_LOG_SECONDS = 1.0  # how long a traceback may take from the process's pipe through supervisord into its file


class GateError(Exception):
    """A candidate that did not pass: at which step, and why.

    :param log: last lines of what shows the cause, when that is not the candidate's own log
    """

    def __init__(self, step: str, reason: str, log: t.Sequence[str] = ()) -> None:
        super().__init__(reason)
        self.step = step
        self.reason = reason
        self.log = list(log)


@dataclass
class Candidate:
    """An instance that has been started and must prove itself.

    :param settings: of its release
    :param uid: of the user that must own its listener
    :param deploy: what its app wants of the gate
    :param say: is told which proof is under way
    :ivar notices: what people should know of a candidate that has proven itself
    :param public_url: where people open it (scheme and host), or None when that is not known
    """

    layout: Layout
    supervisor: Supervisor
    record: InstanceRecord
    settings: t.Mapping[str, t.Any]
    uid: int
    deploy: DeploySettings
    public_url: str | None = None
    say: t.Callable[[str], None] = lambda line: None
    notices: list[str] = field(default_factory=list, init=False)
    pid: int = field(default=0, init=False)
    started: float = field(default_factory=time.monotonic, init=False)

    def process(self, step: str) -> Process:
        """What supervisord knows about it now.

        :raises GateError: it has ended, or is another process than the one that was started
        """
        process = self.supervisor.processes().get(self.record.program)
        problem = process_problem(process)
        if process is None or problem or (self.pid and process.pid != self.pid):
            raise GateError(step, _ended(self.layout, self.record.program, process))
        if process.pid and not self.pid:
            self.pid, self.started = process.pid, time.monotonic()
        return process


def prove(candidate: Candidate) -> None:
    """Let a candidate give every proof, in order.

    :raises GateError: one of them failed, or took too long
    :raises SupervisorError: supervisord does not answer
    """
    try:
        _prove(candidate)
    except GateError as error:
        log = error.log or _log_tail.program_tail(candidate.layout, candidate.record.program)
        reason = blame_memory(limits_of(candidate.settings), error.reason, log)
        code = candidate.layout.app(candidate.record.app).code(candidate.record.release)
        reason = with_advice(reason, log, code, candidate.settings)
        asks = kind_of(candidate.settings).asks_for_secrets
        if asks and asks in reason:
            reason += ". Give the app what it asks for with pyapps_secrets: see docs/how-to/secrets.md"
        raise GateError(error.step, reason, error.log) from None


def _prove(candidate: Candidate) -> None:
    deadline = candidate.started + candidate.deploy.start_timeout
    candidate.say("starting release %s on port %d" % (candidate.record.release, candidate.record.port))
    _prove_start(candidate, deadline)
    _prove_health(candidate, deadline)
    if candidate.deploy.gate != HEALTH:
        _prove_script(candidate)
    _prove_handshake(candidate)
    _prove_stable(candidate)


def _ended(layout: Layout, program: str, process: Process | None) -> str:
    if process is None:
        return "supervisor has lost the program: does another run change this host?"
    end = _log_tail.last_exit(layout, program)
    if end is None and process.spawn_error and "too quickly" not in process.spawn_error:
        return "the process could not be started: %s" % process.spawn_error
    return "the process ended by itself%s; the last lines of its log say why" % (" (%s)" % end if end else "")


def _prove_start(candidate: Candidate, deadline: float) -> None:
    port = candidate.record.port
    while True:
        candidate.process("start")
        owner = listener_uid(port)
        if owner == candidate.uid:
            return
        if owner is not None:
            raise GateError("start", "%s; it is left alone" % owner_problem(port, candidate.uid))
        if time.monotonic() >= deadline:
            raise GateError(
                "start",
                "the process runs, but does not listen on port %d after %g s ([deploy] start_timeout)"
                % (port, candidate.deploy.start_timeout),
            )
        time.sleep(_POLL)


def _prove_health(candidate: Candidate, deadline: float) -> None:
    while True:
        left = max(1.0, deadline - time.monotonic())
        problem = health_problem(candidate.settings, candidate.record.endpoint, left)
        if problem is None:
            return
        candidate.process("health")
        if time.monotonic() >= deadline:
            raise GateError(
                "health",
                "not healthy after %g s ([deploy] start_timeout): %s" % (candidate.deploy.start_timeout, problem),
            )
        time.sleep(_POLL)


def _prove_script(candidate: Candidate) -> None:
    """Let a visitor open the app, and see its script run; where that is wanted, each of its pages, too."""
    check = page_check_of(candidate.settings)
    if check is None:
        return
    candidate.say("is up; running its script once")
    pages = _visit(candidate, check, "script", "the script", "")
    deadline = time.monotonic() + candidate.deploy.test_timeout
    for page in pages if candidate.deploy.gate == PAGES else ():
        if time.monotonic() > deadline:
            raise GateError(
                "pages",
                "the pages did not finish within %g s ([deploy] test_timeout): the page %s was not opened any more"
                % (candidate.deploy.test_timeout, page),
            )
        candidate.say("running its page %s" % page)
        _visit(candidate, check, "pages", "the page %s" % page, page)


def _visit(candidate: Candidate, check: PageCheck, step: str, what: str, page: str) -> list[str]:
    """Open one page; gives the names of the others.

    :param what: the page in words
    """
    log_before = _log_tail.program_tail(candidate.layout, candidate.record.program)
    seconds = candidate.deploy.script_timeout
    url = "%s%s/" % (_addresses(candidate)[-1], candidate.settings["base_path"])
    try:
        seen = check.visit(candidate.settings, candidate.record.endpoint, url, seconds, page)
    except _probe_http.ProbeTimeoutError:
        raise GateError(
            step,
            "%s did not finish within %g s ([deploy] script_timeout) and has shown nothing: %s"
            % (what, seconds, check.hangs),
        ) from None
    except _probe_http.ProbeError as error:
        _await_end(candidate, step)
        raise GateError(step, "%s could not be run: %s" % (what, error)) from None
    if seen.exception:
        log = _await_log(candidate, log_before)
        uncaught = _log_tail.tells_uncaught(candidate.layout, candidate.record.program, check.uncaught)
        if uncaught or not (seen.compiled and check.tells_exceptions(candidate.settings)):
            cause = _log_tail.cause(log) if uncaught else seen.exception
            raise GateError(step, "%s raised an exception: %s" % (what, cause))
        # The log has what the script does not catch itself.
        candidate.notices.append(
            "%s shows an exception that its log does not have, so it is taken as shown on purpose: %s"
            % (what, seen.exception)
        )
    elif seen.status == _probe_websocket.SWITCHED and not seen.ended:
        candidate.notices.append(
            "%s did not end while it was looked at, and has shown %d elements without an exception"
            % (what, seen.elements)
        )
    return seen.pages


def _await_end(candidate: Candidate, step: str) -> None:
    """A broken connection mostly means that the process ended: wait until supervisord knows it."""
    deadline = time.monotonic() + 1
    while time.monotonic() < deadline:
        candidate.process(step)
        time.sleep(_POLL)


def _await_log(candidate: Candidate, before: list[str]) -> list[str]:
    """The log's last lines once something new has arrived in it and no more comes."""
    deadline = time.monotonic() + _LOG_SECONDS
    last = before
    while time.monotonic() < deadline:
        time.sleep(_POLL)
        now = _log_tail.program_tail(candidate.layout, candidate.record.program)
        if now == last != before:
            break
        last = now
    return last


def _prove_handshake(candidate: Candidate) -> None:
    stream = kind_of(candidate.settings).stream
    if stream is None:
        return
    own = _addresses(candidate)
    for origin in own:
        status = _handshake(candidate, stream, origin, origin)
        if status != 101:
            raise GateError(
                "handshake",
                "a WebSocket from %s is refused with %d: %s" % (origin, status, stream.refused),
            )
    # Asked only now, of a process that nobody uses yet: it can hold up an app's sessions for seconds.
    status = _handshake(candidate, stream, own[-1], FOREIGN_ORIGIN)
    if status != 403:
        raise GateError(
            "handshake",
            "a WebSocket from a page of any other site (%s) gets %d instead of 403, so such a page could use the app"
            " with its visitors' rights: %s" % (FOREIGN_ORIGIN, status, stream.open_to_all),
        )


def _addresses(candidate: Candidate) -> list[str]:
    """Scheme and host of the URLs at which browsers open the app; the public one is the last."""
    own = ["http://localhost:%d" % candidate.record.port]
    if candidate.public_url:
        url = urllib.parse.urlsplit(candidate.public_url)
        own.append("%s://%s" % (url.scheme, url.netloc))
    return own


def _handshake(candidate: Candidate, stream: Stream, address: str, origin: str) -> int:
    """The status that a browser gets at an address for a WebSocket from a page of ``origin``."""
    try:
        return _probe_websocket.handshake(
            "127.0.0.1",
            candidate.record.port,
            stream.path(candidate.settings),
            host_header=urllib.parse.urlsplit(address).netloc,
            origin=origin,
            timeout=HANDSHAKE_SECONDS,
            protocol=stream.protocol,
        )
    except _probe_http.ProbeError as error:
        _await_end(candidate, "handshake")
        raise GateError("handshake", "a WebSocket from %s fails: %s" % (origin, error)) from None


def _prove_stable(candidate: Candidate) -> None:
    while True:
        candidate.process("stable")
        if time.monotonic() - candidate.started >= candidate.deploy.stable_time:
            break
        time.sleep(_POLL)
    problem = owner_problem(candidate.record.port, candidate.uid) or health_problem(
        candidate.settings, candidate.record.endpoint
    )
    if problem:
        raise GateError("stable", problem)
