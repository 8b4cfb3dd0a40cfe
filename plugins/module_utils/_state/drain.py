# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances that are no longer live and stay for the sessions that are open on them.

What drains is what has a marker, is not live, and whose record says until when. The time stands in the record before
the link is switched, so a run that is killed in between leaves nothing that nobody would end.

The end has two moments. At the first one (``drain_until``) the tabs reload themselves, which read it from a file
beside their page; one with text that is not sent, or with a running upload, waits. So whatever is still open after it
waits for something, and stays until the second one (``grace_seconds`` later), when the process ends whoever uses it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import time
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import (
    listeners as _listeners,
    probe_http as _probe_http,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import read_text, write_file
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import SERVING, AppLayout
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.registry import kind_of
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import deadline as _deadline, serving as _serving
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_record import (
    KEPT,
    InstanceRecord,
    RecordError,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_state import (
    ReleaseError,
    live_instance,
    read_release,
)

_TIMEOUT = 2.0  # seconds for the number of sessions
_DRIFT = 5.0  # seconds by which what tabs read may differ, before it is written again


def begin(
    app: AppLayout,
    record: InstanceRecord,
    seconds: float,
    idle_seconds: float = KEPT,
    grace_seconds: float = 0.0,
) -> InstanceRecord:
    """Write down until when an instance may drain; the caller switches then.

    :param seconds: how long from now
    :param idle_seconds: how long it must have been without a session to end earlier
    :param grace_seconds: how much longer it may stay for who has something unsent; 0 for one whose tabs cannot wait
    """
    until, uptime = _deadline.begin(seconds)
    draining = dataclasses.replace(
        record,
        drain_until=until,
        preview_until=None,
        until_uptime=uptime,
        idle_seconds=idle_seconds,
        grace_seconds=grace_seconds,
    )
    write_file(app.instance(record.instance), draining.to_json())
    return draining


def idle_seconds(settings: t.Mapping[str, t.Any]) -> float:
    """How long an instance must have been without a session to end: its process keeps those that may come back.

    :param settings: an app's entry of the catalog
    """
    said: float | None = settings["deploy"].get("idle_time")
    return kind_of(settings).session_keep_seconds(settings) if said is None else said


def draining(app: AppLayout) -> list[InstanceRecord]:
    """The instances of an app that drain, the oldest first, also those whose time is over."""
    live = live_instance(app)
    found = []
    for name in names(app.serving):
        match = SERVING.fullmatch(name)
        if match and not (live and match.group("instance") == live.instance):
            with contextlib.suppress(RecordError):
                record = InstanceRecord.read(app.instance(match.group("instance")))
                if record.drain_until and record.port == int(match.group("port")):
                    found.append(record)
    return sorted(found, key=lambda record: (record.created, record.instance))


def is_due(record: InstanceRecord) -> bool:
    """Whether the time to drain has passed, but for tabs that wait for something."""
    return _seconds_left(record) <= 0


def is_over(record: InstanceRecord) -> bool:
    """Whether the time to drain has passed for everybody."""
    return _seconds_left(record) + record.grace_seconds <= 0


def _seconds_left(record: InstanceRecord) -> float:
    return _deadline.seconds_left(record.drain_until or "", record.until_uptime)


def is_announced(app: AppLayout, record: InstanceRecord) -> bool:
    """Whether the tabs of an instance can read when it ends; those of an app that is not pinned never do.

    What they read is a moment of this machine's clock, which may have been set right in the meantime.
    """
    if not _serving.has_page(app, record):
        return True
    try:
        path = os.path.join(app.marker(record.instance, record.port), _serving.ENDS)
        said = json.loads(read_text(path) or "")
        wanted = _ends(record)
        return all(abs(said[key] - moment) <= _DRIFT for key, moment in wanted.items())
    except (ValueError, TypeError, KeyError):
        return False


def announce(app: AppLayout, record: InstanceRecord) -> None:
    """Let the tabs of an instance read when it ends."""
    if not is_announced(app, record):
        path = os.path.join(app.marker(record.instance, record.port), _serving.ENDS)
        write_file(path, json.dumps(_ends(record)) + "\n")


def _ends(record: InstanceRecord) -> dict[str, int]:
    """When tabs reload themselves, and when even those must that wait: seconds since 1970."""
    until = time.time() + max(_seconds_left(record), -record.grace_seconds - 1)
    return {"until": round(until), "limit": round(until + record.grace_seconds)}


def sessions(app: AppLayout, record: InstanceRecord) -> int | None:
    """How many sessions are open on an instance: 0 when its process is gone, None when nobody can tell.

    Where the app's kind does not count them, open connections to its port are as good.
    """
    try:
        settings = read_release(app, record.release)["settings"]
        told = kind_of(settings).sessions
        if told is not None:
            status, body = record.endpoint.get(told.path(settings), _TIMEOUT)
            counted = told.count(body) if status == 200 else None
            if counted is not None:
                return counted
    except _probe_http.ProbeRefusedError:
        return 0
    except (_probe_http.ProbeError, ReleaseError, ValueError):
        return None
    return _listeners.connections(record.port)


def is_used(app: AppLayout, record: InstanceRecord) -> bool:
    """Whether an instance has a session or an open connection, such as a download; also when nobody can tell."""
    return sessions(app, record) != 0 or _listeners.connections(record.port) > 0


def counted(count: int | None) -> str:
    """What :func:`sessions` says, for people."""
    if count is None:
        return "an unknown number of sessions"
    return {0: "no session", 1: "1 session"}.get(count, "%d sessions" % count)


def names(folder: str) -> list[str]:
    """What a folder holds; nothing when it is missing."""
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []
