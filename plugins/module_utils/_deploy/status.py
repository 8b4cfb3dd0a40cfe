# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How every app of a host is. Nothing is changed here."""

from __future__ import annotations

import contextlib
import glob
import os
import re
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.write_refused import advice
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import AppLayout, Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.registry import package_of
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.conf import log_path
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.log_tail import tail
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.rpc import (
    Process,
    Supervisor,
    SupervisorError,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import (
    drain as _drain,
    instance_state as _instance_state,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_record import InstanceRecord, RecordError

Status = dict[str, t.Any]

UNKNOWN = "UNKNOWN"
"""State of a program when nobody can tell: supervisord does not answer, or does not know it."""

LINES = 400
"""How many lines of each log are looked at for what the app's owner can do."""

_HEALTH_TIMEOUT = 3.0
_MIB = 1024  # the kernel counts in KiB


def host_status(layout: Layout) -> tuple[dict[str, Status], str | None]:
    """The status of every app, and why supervisord does not answer, or None.

    An app is a folder with an instance or a release; one that only kept its data after its removal is none.
    """
    processes: t.Mapping[str, Process] = {}
    daemon_problem = None
    try:
        processes = Supervisor(layout.supervisor_socket).processes()
    except SupervisorError as error:
        daemon_problem = str(error)
    apps = (layout.app(name) for name in layout.app_names())
    memory = memory_of({process.pid for process in processes.values()})
    return {
        app.name: app_status(layout, app, processes, memory)
        for app in apps
        if os.path.lexists(app.live) or os.path.isdir(app.releases)
    }, daemon_problem


def app_status(
    layout: Layout, app: AppLayout, processes: t.Mapping[str, Process], memory: t.Mapping[int, tuple[float, float]]
) -> Status:
    """One app: its live instance, whether it is well, and its other instances."""
    live = _instance_state.live_instance(app)
    names = _instance_state.instance_names(layout, app, processes)
    others = sorted(names - {live.instance if live else ""})
    found = _instance_status(app, live.instance if live else None, processes, memory)
    found.update(
        problem=_problem(layout, app, live, processes),
        streamlit=_version(layout, app, found["release"]),
        down=os.path.lexists(app.down),
        advice=log_advice(layout, app, live) if live else None,
        others=[_instance_status(app, name, processes, memory) for name in others],
    )
    if live:
        found["port"] = live.port
    found["healthy"] = found["problem"] is None
    return found


def _instance_status(
    app: AppLayout,
    instance: str | None,
    processes: t.Mapping[str, Process],
    memory: t.Mapping[int, tuple[float, float]],
) -> Status:
    record = None
    if instance:
        with contextlib.suppress(RecordError):
            record = InstanceRecord.read(app.instance(instance))
    process = processes.get("%s.%s" % (app.name, instance))
    pid = process.pid if process else 0
    is_up = _instance_state.process_problem(process) is None
    rss, pss = memory.get(pid, (None, None))
    return {
        "instance": instance,
        "release": record.release if record else None,
        "port": record.port if record else None,
        "created": record.created if record else None,
        "drain_until": record.drain_until if record else None,
        "preview_until": record.preview_until if record else None,
        "state": process.state if process else UNKNOWN,
        "pid": pid or None,
        "uptime": process.uptime if process else None,
        "rss_mb": rss,
        "pss_mb": pss,
        "sessions": _drain.sessions(app, record) if record and is_up else None,
    }


def _problem(
    layout: Layout, app: AppLayout, live: _instance_state.Live | None, processes: t.Mapping[str, Process]
) -> str | None:
    if live is None:
        return "has never been live"
    try:
        _user, uid = _instance_state.process_owner(app.name)
    except _instance_state.ReleaseError as error:
        return str(error)
    process = processes.get("%s.%s" % (app.name, live.instance))
    return _instance_state.live_problem(layout, live, process, uid, None, 0, _HEALTH_TIMEOUT)


def log_advice(layout: Layout, app: AppLayout, live: _instance_state.Live) -> str | None:
    """What the log of the live instance says that the app's owner can do; None when nothing."""
    if live.record is None:
        return None
    try:
        paths = _instance_state.read_release(app, live.record.release)["settings"]["data"]["paths"]
    except (_instance_state.ReleaseError, KeyError, TypeError):
        return None
    logs = [tail(log_path(layout, live.record.program, stream), LINES) for stream in ("out", "err")]
    return advice([line for log in logs for line in log], app.code(live.record.release), paths)


def _version(layout: Layout, app: AppLayout, release: str | None) -> str | None:
    """The version of its kind's package in a release's environment, by the folder that every installer leaves."""
    if release is None:
        return None
    try:
        record = _instance_state.read_release(app, release)
        package = package_of(record["settings"])
    except (_instance_state.ReleaseError, KeyError):
        return None
    environment = os.path.join(layout.envs, str(record.get("environment")))
    pattern = os.path.join(glob.escape(environment), "lib", "python*", "site-packages", package + "-*.dist-info")
    versions = [os.path.basename(path)[len(package) + 1 : -len(".dist-info")] for path in glob.glob(pattern)]
    return versions[0] if versions else None


def memory_of(groups: t.Container[int]) -> dict[int, tuple[float, float]]:
    """Resident and proportional memory in MiB of some process groups, by their leaders' pids.

    supervisord gives each program a group of its own. Who may not read another user's ``smaps_rollup`` sees its RSS
    only, and the same number as PSS.
    """
    total: dict[int, tuple[float, float]] = {}
    for pid in (int(name) for name in os.listdir("/proc") if name.isdigit()):
        with contextlib.suppress(OSError):
            group = os.getpgid(pid)
            if group in groups:
                rss, pss = _memory(pid)
                before = total.get(group, (0.0, 0.0))
                total[group] = (round(before[0] + rss, 1), round(before[1] + pss, 1))
    return total


def _memory(pid: int) -> tuple[float, float]:
    with open("/proc/%d/status" % pid, encoding="utf-8", errors="replace") as file:
        rss = _kib(file.read(), "VmRSS")
    try:
        with open("/proc/%d/smaps_rollup" % pid, encoding="ascii") as file:
            pss = _kib(file.read(), "Pss")
    except OSError:
        pss = rss
    return rss / _MIB, pss / _MIB


def _kib(text: str, key: str) -> float:
    match = re.search(r"^%s:\s+([0-9]+) kB" % key, text, re.MULTILINE)
    return float(match.group(1)) if match else 0.0
