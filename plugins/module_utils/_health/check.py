# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One health check of a host: everything is looked at, and every problem is told.

Nothing is changed here, and nothing is waited for without an end.
"""

from __future__ import annotations

import functools
import os
import time
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.applied_catalog import read_applied
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import clock as _clock
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import INSTANCE, Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.listeners import listener_uids
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.parallel import in_parallel
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.apps import (
    Around,
    Programs,
    check_app,
    described,
    served_apps,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.crashes import LOG_BYTES
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.host import (
    check_endpoint,
    check_front,
    check_host,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.report import Finding, Report
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.settings import (
    Settings,
    SettingsError,
    read_settings,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.rpc import (
    Supervisor,
    SupervisorError,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_state import live_instance

_GRACE = 1.0  # seconds that a thread may need beside its time limit


def always_healthy(environment: t.Mapping[str, str]) -> bool:
    """Whether nobody wants to know: only ``true``, in any case; ``1`` and ``yes`` do not count."""
    return environment.get("ALWAYS_HEALTHY", "false").lower() == "true"


def check(layout: Layout, timeout: float | None = None, only: t.Collection[str] = ()) -> Report:
    """Check a host by its own configuration.

    :param timeout: seconds for each app's answers, instead of the configured ones
    :param only: names of the apps that are asked; none means all
    """
    moment = _clock.now()
    begun = time.monotonic()
    findings = []
    try:
        settings = read_settings(layout.healthcheck)
    except SettingsError as error:
        # The rest is looked at all the same, with what can be known without it.
        settings = Settings()
        unknown = tuple("%s: %s" % (layout.healthcheck, problem) for problem in error.problems)
        findings.append(Finding("host", "configuration", unknown=unknown))
    findings += _look(layout, settings, settings.timeout if timeout is None else timeout, only)
    return Report(findings, moment, time.monotonic() - begun)


def _look(layout: Layout, settings: Settings, timeout: float, only: t.Collection[str]) -> list[Finding]:
    supervisor = Supervisor(layout.supervisor_socket, timeout)
    programs, found = _programs(layout, settings, supervisor)
    served = served_apps(layout)
    apps = [app for app in served if not only or app.name in only]
    ports = [live.port for live in map(live_instance, apps) if live]
    again = functools.partial(_ask, supervisor)
    around = Around(layout, programs, listener_uids(ports), settings.front, timeout, again)
    found += _absent_apps(layout, {app.name for app in served})
    questions = [_Question("app", app.name, functools.partial(check_app, app, around)) for app in apps]
    if settings.front:
        ask_front = functools.partial(check_front, settings.front, timeout)
        questions.append(_Question("front", settings.front.server, ask_front))
    questions += [
        _Question("endpoint", endpoint.name, functools.partial(check_endpoint, endpoint, timeout))
        for endpoint in settings.endpoints
    ]
    late = "no answer within %g s" % timeout
    found += in_parallel(
        [question.answer for question in questions],
        timeout + _GRACE,
        lambda index: Finding(questions[index].kind, questions[index].name, (late,)),
    )
    try:
        found += check_host(layout, settings)
    except (OSError, KeyError, ValueError) as error:
        found.append(Finding("host", "host", unknown=("disks and memory cannot be seen: %s" % error,)))
    return found


class _Question(t.NamedTuple):
    """Something to ask in a thread of its own."""

    kind: str
    name: str
    ask: t.Callable[[], Finding]

    def answer(self) -> Finding:
        """Never an exception: what is odd about one thing must not hide how the others are."""
        try:
            return self.ask()
        except Exception as error:
            text = "it cannot be checked: %s: %s" % (type(error).__name__, error)
            return Finding(self.kind, self.name, unknown=(text,))


def _ask(supervisor: Supervisor) -> Programs | None:
    try:
        return Programs.read(supervisor.processes(), supervisor.log_end(LOG_BYTES))
    except SupervisorError:
        return None


def _programs(layout: Layout, settings: Settings, supervisor: Supervisor) -> tuple[Programs | None, list[Finding]]:
    """What supervisord knows, and how its programs are that are no instance of an app.

    An app's live program is told with the app; candidates and draining instances are a deploy's business.
    """
    try:
        processes = supervisor.processes()
        log = supervisor.log_end(LOG_BYTES)
    except SupervisorError as error:
        return None, [Finding("supervisor", "supervisor", unknown=(_not_fetched(layout, error),))]
    if not processes:
        return Programs({}, {}), [Finding("supervisor", "supervisor", ("No processes to check",))]
    programs = Programs.read(processes, log)
    others = [name for name in processes if not INSTANCE.fullmatch(name.rpartition(".")[2])]
    return programs, [
        Finding(
            "program",
            name,
            tuple(programs.problems(name)),
            state=processes[name].state,
            detail=described(processes[name]),
        )
        for name in sorted(others)
        if name not in settings.ignore_programs
    ]


def _not_fetched(layout: Layout, error: SupervisorError) -> str:
    if not os.path.lexists(layout.supervisor_conf):
        return "supervisorctl command not found. Is supervisor installed? There is no %s" % layout.supervisor_conf
    return "UNHEALTHY - Could not fetch supervisorctl status: %s" % error


def _absent_apps(layout: Layout, present: t.Container[str]) -> list[Finding]:
    """Apps of the applied catalog that the host has nothing of."""
    try:
        names = [str(app["name"]) for app in read_applied(layout)["apps"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        return [Finding("host", "catalog", unknown=("%s cannot be read: %s" % (layout.catalog, error),))]
    return [
        Finding("app", name, ("it is in the catalog, and not on this host: deploy it",))
        for name in names
        if name not in present
    ]
