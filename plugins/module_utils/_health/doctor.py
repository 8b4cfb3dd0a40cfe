# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a doctor sees on a host, each with what to do about it. Nothing is changed here.

The health check tells whether apps serve; this tells what people ask first when something is odd: versions, ports,
permissions, names and certificates.
"""

from __future__ import annotations

import contextlib
import os
import platform
import pwd
import re
import stat
import typing as t
from dataclasses import asdict, dataclass

from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy import status as _app_status
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import listeners as _listeners
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.system_python import OLDEST_PYTHON
from ansible_collections.selfhost.pyapps.plugins.module_utils._host import layout as _host_layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.rpc import (
    Supervisor,
    SupervisorError,
)

OK, WARNING, PROBLEM = "ok", "warning", "problem"

Run = t.Callable[[t.Any], t.Any]
"""``module.run_command``: arguments in; exit status, output and errors out."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    :param check: what it was
    :param state: ``ok``, ``warning`` or ``problem``
    :param found: what is there
    :param advice: what to do about it; empty when it is ok
    """

    check: str
    state: str
    found: str
    advice: str = ""

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


def versions(layout: Layout, run: Run) -> list[Finding]:
    """The system, its Python, supervisord, the fronts that are installed, uv, and each app's Streamlit."""
    found = [_system(), _python(platform.python_version_tuple()), _supervisor(layout)]
    for name, command in (
        ("nginx", ["nginx", "-v"]),
        ("caddy", [os.path.join(layout.tools, "caddy", "bin", "caddy"), "version"]),
        ("uv", [layout.uv, "--version"]),
    ):
        version = _version(run, command)
        if version:
            found.append(Finding(name, OK, version))
    for name, status in sorted(_app_status.host_status(layout)[0].items()):
        if status["streamlit"]:
            found.append(Finding("app " + name, OK, "Streamlit %s" % status["streamlit"]))
    return found


def _system() -> Finding:
    name = "unknown"
    with contextlib.suppress(OSError), open("/etc/os-release", encoding="utf-8") as file:
        match = re.search(r'^PRETTY_NAME="?([^"\n]*)', file.read(), re.MULTILINE)
        name = match.group(1) if match else name
    return Finding("system", OK, "%s, %s, %d CPUs" % (name, platform.machine(), os.cpu_count() or 1))


def _python(version: tuple[str, str, str]) -> Finding:
    text = ".".join(version)
    if (int(version[0]), int(version[1])) >= OLDEST_PYTHON:
        return Finding("python", OK, text)
    return Finding("python", PROBLEM, text, "Install Python %d.%d or newer on the host." % OLDEST_PYTHON)


def _supervisor(layout: Layout) -> Finding:
    try:
        return Finding("supervisord", OK, Supervisor(layout.supervisor_socket).version())
    except SupervisorError as error:
        return Finding("supervisord", PROBLEM, str(error), "Run the site playbook: it starts the daemon.")


def _version(run: Run, command: list[str]) -> str | None:
    """What a program says of its version; None when it is not there."""
    try:
        code, out, err = run(command)
    except OSError:
        return None
    match = re.search(r"\d+\.\d+[0-9A-Za-z.+~-]*", out + err)
    return match.group(0) if code == 0 and match else None


def port(number: int, front: str) -> Finding:
    """Who listens where the front should."""
    found, check = _listeners.listener(number), "port %d" % number
    if found is None:
        return Finding(check, PROBLEM, "nobody listens", "Run the site playbook: it starts %s." % front)
    # What the kernel does not show cannot be judged.
    if found.command is not None and front not in found.command:
        advice = "Stop it, or choose another port with pyapps_port. Nothing is ever killed for a port."
        return Finding(check, PROBLEM, "held by %s instead of %s" % (_listeners.describe(found), front), advice)
    return Finding(check, OK, _listeners.describe(found))


def permissions(layout: Layout, apps: t.Iterable[str]) -> list[Finding]:
    """Folders and files whose owner or mode is not as it must be; one line when all are right."""
    as_root = os.geteuid() == 0
    wanted = [(folder.path, folder.mode, folder.user, False) for folder in _host_layout.folders(layout, apps, as_root)]
    wanted.append((layout.secrets_key, 0o600, None, True))
    wrong = [finding for entry in wanted for finding in [_permission(*entry)] if finding]
    return wrong or [Finding("permissions", OK, "%d folders and files are as they should be" % len(wanted))]


def _permission(path: str, mode: int, user: str | None, may_be_absent: bool) -> Finding | None:
    advice = "Run the site playbook, which sets it right, and find out what has changed it."
    try:
        status = os.lstat(path)
        uid = pwd.getpwnam(user).pw_uid if user else os.geteuid()
    except FileNotFoundError:
        return None if may_be_absent else Finding(path, PROBLEM, "is missing", "Run the site playbook.")
    except KeyError:
        return Finding(path, PROBLEM, "its user %s does not exist" % user, "Run the site playbook.")
    if stat.S_ISLNK(status.st_mode):
        return Finding(path, PROBLEM, "is a link", "Move what it leads to into its place.")
    if status.st_uid != uid or stat.S_IMODE(status.st_mode) != mode:
        found = "mode %o of user %d instead of mode %o of user %d" % (
            stat.S_IMODE(status.st_mode),
            status.st_uid,
            mode,
            uid,
        )
        return Finding(path, PROBLEM, found, advice)
    return None


def space(layout: Layout, least_percent: float = 10) -> list[Finding]:
    """Space and files that are free where we write."""
    found, devices = [], set()
    for path in (layout.srv, layout.log, layout.etc):
        try:
            status, device = os.statvfs(path), os.stat(path).st_dev
        except OSError:
            continue
        if device not in devices:
            devices.add(device)
            found.append(_space(path, status, least_percent))
    return found


def _space(path: str, status: os.statvfs_result, least_percent: float) -> Finding:
    bytes_free = 100 * status.f_bavail / max(1, status.f_blocks)
    files_free = 100 * status.f_favail / status.f_files if status.f_files else 100.0
    text = "%.1f GB free (%d %%), %d %% of its files" % (
        status.f_bavail * status.f_frsize / 1e9,
        bytes_free,
        files_free,
    )
    if min(bytes_free, files_free) >= least_percent:
        return Finding("disk of " + path, OK, text)
    advice = "Delete what you do not need, or give the disk more room: a deploy needs space for a second release."
    return Finding("disk of " + path, WARNING, text, advice)
