# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What instances an app has, and whether the live one is well.

The disk says what should be (``live``, records, markers, program files), supervisord what is. Nothing is changed here.
"""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import time
import typing as t
from dataclasses import dataclass

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import probe_http as _probe_http
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import (
    INSTANCE,
    SERVING,
    AppLayout,
    Layout,
    app_user,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.listeners import describe, listener, listener_uid
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.registry import kind_of
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.rpc import Process, Supervisor
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.endpoint import Endpoint
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_record import InstanceRecord, RecordError

HEALTH_TIMEOUT = 10.0
"""Seconds that a health answer may take: a busy process is slow, not ill."""

UP_STATES = frozenset(("STARTING", "RUNNING"))
"""States of supervisor in which the process exists; it says STARTING until ``startsecs`` are over."""

_POLL = 0.1


class ReleaseError(Exception):
    """A release that is missing or damaged; the text names the file."""


def process_owner(app: str) -> tuple[str | None, int]:
    """Who runs an app's processes: user name for supervisor (None: the daemon's own user) and user id.

    :raises ReleaseError: the app's user does not exist
    """
    if os.geteuid() != 0:
        return None, os.geteuid()
    name = app_user(app)
    try:
        return name, pwd.getpwnam(name).pw_uid
    except KeyError:
        raise ReleaseError("the app's user %s does not exist: run the module host_layout first" % name) from None


def owner_uid(app: AppLayout) -> int | None:
    """The user of an app's processes, as the owner of its data folder says; None when there is no such folder."""
    try:
        return os.lstat(app.data).st_uid
    except OSError:
        return None


def read_release(app: AppLayout, release: str) -> dict[str, t.Any]:
    """The content of a release's ``release.json``.

    :raises ReleaseError: it is missing or damaged
    """
    path = os.path.join(app.release(release), "release.json")
    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
    except (OSError, ValueError) as error:
        raise ReleaseError("%s cannot be read (%s): was the release pruned? Run again" % (path, error)) from None
    if not isinstance(content, dict) or not isinstance(content.get("settings"), dict):
        raise ReleaseError("%s is not a release of this collection" % path)
    return content


@dataclass(frozen=True)
class Live:
    """What the ``live`` link points at; ``record`` is None when the instance's record is gone or damaged."""

    instance: str
    port: int
    record: InstanceRecord | None


def live_instance(app: AppLayout) -> Live | None:
    """The live instance, or None when the app never had one."""
    try:
        folder, name = os.path.split(os.readlink(app.live))
    except OSError:
        return None
    match = SERVING.fullmatch(name)
    if not match or folder != os.path.basename(app.serving):
        return None
    instance, port = match.group("instance"), int(match.group("port"))
    record = None
    with contextlib.suppress(RecordError):
        record = InstanceRecord.read(app.instance(instance))
    if record is not None and record.port != port:
        record = None
    return Live(instance, port, record)


def instance_names(layout: Layout, app: AppLayout, programs: t.Iterable[str]) -> set[str]:
    """Every instance of an app that has left anything: a record, a marker, a program file, a program.

    :param programs: names that supervisord knows
    """
    names = {name[: -len(".json")] for name in _names(app.instances) if name.endswith(".json")}
    names |= {name.partition(".")[0] for name in _names(app.serving) if SERVING.fullmatch(name)}
    files = (name[: -len(".conf")] for name in _names(layout.programs) if name.endswith(".conf"))
    for program in (*files, *programs):
        owner, _dot, instance = program.rpartition(".")
        if owner == app.name:
            names.add(instance)
    return {name for name in names if INSTANCE.fullmatch(name)}


def used_ports(layout: Layout) -> set[int]:
    """The ports of all instances of this host, also of those that do not run now."""
    ports = set()
    for name in layout.app_names():
        app = layout.app(name)
        for file in _names(app.instances):
            with contextlib.suppress(RecordError):
                ports.add(InstanceRecord.read(os.path.join(app.instances, file)).port)
        ports |= {int(match.group("port")) for match in map(SERVING.fullmatch, _names(app.serving)) if match}
    return ports


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []


def health_problem(settings: t.Mapping[str, t.Any], endpoint: Endpoint, timeout: float = HEALTH_TIMEOUT) -> str | None:
    """Why an app's process is not well, or None. Only the body proves it: some processes say 200 to anything."""
    kind = kind_of(settings)
    path = kind.health_path(settings)
    try:
        status, body = endpoint.get(path, timeout)
    except _probe_http.ProbeError as error:
        return "%s on %s: %s" % (path, endpoint, error)
    if status != 200 or body.decode("utf-8", "replace").strip() != kind.health_body:
        return "%s on %s answers %d %r instead of 200 %r" % (path, endpoint, status, body[:60], kind.health_body)
    return None


def owner_problem(port: int, uid: int, owners: t.Mapping[int, int] | None = None) -> str | None:
    """Why a listener is not the app's own, or None when it is.

    :param owners: user ids of listeners by port, if they are known; None asks the kernel
    """
    owner = listener_uid(port) if owners is None else owners.get(port)
    if owner is None:
        return "nothing listens on port %d" % port
    if owner != uid:
        found = listener(port)
        return "port %d is held by %s" % (port, describe(found) if found else "user %d" % owner)
    return None


def process_problem(process: Process | None) -> str | None:
    """Why a program does not count as running, or None."""
    if process is None:
        return "supervisor does not know its program"
    if process.state not in UP_STATES:
        return "%s (%s)" % (process.state, process.description) if process.description else process.state
    return None


def live_settings(layout: Layout, live: Live) -> dict[str, t.Any]:
    """The settings that the live instance was started with, when everything of it is in its place on the disk.

    :raises ReleaseError: something is missing or damaged
    """
    if live.record is None:
        raise ReleaseError("its record is missing")
    app = layout.app(live.record.app)
    if not os.path.exists(layout.program(live.record.program)):
        raise ReleaseError("its program file is missing")
    if not os.path.isdir(app.marker(live.instance, live.port)):
        raise ReleaseError("its marker is missing")
    settings: dict[str, t.Any] = read_release(app, live.record.release)["settings"]
    return settings


def live_problem(
    layout: Layout,
    live: Live,
    process: Process | None,
    uid: int,
    supervisor: Supervisor | None,
    start_timeout: float,
    health_timeout: float = HEALTH_TIMEOUT,
    owners: t.Mapping[int, int] | None = None,
) -> str | None:
    """Why the live instance does not serve as it should, or None.

    An instance that was started a moment ago (supervisord came up again) gets its start time.

    :param process: what supervisord knows about it
    :param supervisor: to ask again while it starts; None does not wait
    :param owners: user ids of listeners by port, as of a moment ago: one look for all apps
    """
    try:
        settings = live_settings(layout, live)
    except ReleaseError as error:
        return str(error)
    program = "" if live.record is None else live.record.program
    deadline = time.monotonic() + start_timeout - (process.uptime if process else 0)
    while True:
        problem = (
            process_problem(process)
            or owner_problem(live.port, uid, owners)
            or health_problem(settings, Endpoint(live.port), health_timeout)
        )
        if problem is None or process_problem(process) or supervisor is None or time.monotonic() >= deadline:
            return problem
        time.sleep(_POLL)
        process, owners = supervisor.processes().get(program), None
