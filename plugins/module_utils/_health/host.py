# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host around the apps: its front, other endpoints, disks and memory."""

from __future__ import annotations

import os
import pwd
import re
import socket

from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.caddy.user import USER as CADDY_USER
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import probe_http as _probe_http
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.report import Finding
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.settings import Endpoint, FrontAddress, Settings
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_state import owner_problem

_LOCAL = ("127.0.0.1", "::1")
# A path that a front of ours knows to be nobody's: a server of somebody else would look for a file.
_NOBODYS = "/_pyapps/healthcheck"
_MEBIBYTE = 1024 * 1024


def check_front(front: FrontAddress, timeout: float) -> Finding:
    """Whether the front listens, as the user that it runs as, and answers."""
    problem = _front_owner_problem(front)
    if problem is None:
        try:
            status, _headers, _body = _probe_http.get(
                front.address, front.port, _NOBODYS, timeout, {"Host": front.host_header}
            )
            if status != 404:
                problem = "%s%s answers %d instead of 404: it is not our site" % (front.url, _NOBODYS, status)
        except _probe_http.ProbeError as error:
            problem = "Unable to reach %s: %s" % (front.url, error)
    return Finding("front", front.server, (problem,) if problem else (), url=front.url)


def _front_owner_problem(front: FrontAddress) -> str | None:
    if front.address not in _LOCAL:
        return None  # who listens on that address alone is not seen at 127.0.0.1
    uid = os.geteuid()
    if front.server == "caddy" and uid == 0:
        try:
            uid = pwd.getpwnam(CADDY_USER).pw_uid
        except KeyError:
            return "its user %s does not exist: run the site playbook" % CADDY_USER
    return owner_problem(front.port, uid)


def check_endpoint(endpoint: Endpoint, timeout: float) -> Finding:
    """Whether something else answers as it must."""
    problem = None
    try:
        status, _headers, body = _probe_http.get(
            endpoint.parts.hostname or "",
            endpoint.port,
            endpoint.path,
            timeout,
            {"Host": endpoint.parts.netloc},
            connect=_connector(endpoint),
        )
    except _probe_http.ProbeError as error:
        problem = "Unable to reach %s: %s" % (endpoint.url, error)
    else:
        text = body.decode("utf-8", "replace").strip()
        if status != endpoint.status:
            problem = "%s answers %d instead of %d" % (endpoint.url, status, endpoint.status)
        elif endpoint.body is not None and text != endpoint.body.strip():
            problem = "%s answers %r instead of %r" % (endpoint.url, text[:60], endpoint.body.strip())
    return Finding("endpoint", endpoint.name, (problem,) if problem else (), url=endpoint.url)


def _connector(endpoint: Endpoint) -> _probe_http.Connect | None:
    if endpoint.socket:
        return lambda timeout: _to_socket(endpoint.socket, timeout)
    if endpoint.parts.scheme == "https":
        return lambda timeout: _to_tls(endpoint.parts.hostname or "", endpoint.port, timeout)
    return None


def _to_socket(path: str, timeout: float) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(timeout)
    try:
        connection.connect(path)
    except OSError:
        connection.close()
        raise
    return connection


def _to_tls(host: str, port: int, timeout: float) -> socket.socket:
    import ssl  # five megabytes that a host without such an endpoint does not need

    plain = socket.create_connection((host, port), timeout)
    try:
        return ssl.create_default_context().wrap_socket(plain, server_hostname=host)
    except OSError:
        plain.close()
        raise


def check_host(layout: Layout, settings: Settings) -> list[Finding]:
    """Disks and memory."""
    places: dict[int, str] = {}
    for path in (layout.srv, layout.log, layout.run):
        while not os.path.exists(path):
            path = os.path.dirname(path)
        places.setdefault(os.stat(path).st_dev, path)
    found = [disk_finding(path, os.statvfs(path), settings.min_disk_percent) for path in places.values()]
    with open("/proc/meminfo", encoding="ascii") as file:
        return [*found, memory_finding(file.read(), settings.min_memory_percent)]


def disk_finding(path: str, status: os.statvfs_result, least: float) -> Finding:
    """What a file system has left for ordinary users.

    :param least: percent that must be free
    """
    problems = []
    numbers = {}
    free_mb = status.f_bavail * status.f_frsize // _MEBIBYTE
    for word, name, free, total in (
        ("disk", "disk_free_ratio", status.f_bavail, status.f_blocks),
        ("table of files", "disk_free_files_ratio", status.f_favail, status.f_files),
    ):
        if total:  # some file systems make room for files as they go
            numbers[name] = free / total
            if 100 * free / total < least:
                problems.append("its %s is nearly full: %.1f %% are free" % (word, 100 * free / total) + _least(least))
    detail = "%.0f %% of the disk are free (%d MiB)" % (100 * numbers.get("disk_free_ratio", 1), free_mb)
    return Finding("host", path, tuple(problems), detail=detail, numbers=numbers)


def memory_finding(meminfo: str, least: float) -> Finding:
    """What new processes could have.

    :param meminfo: text of ``/proc/meminfo``
    :param least: percent that must be available
    """
    values = {name: int(value) for name, value in re.findall(r"^(\w+):\s+(\d+) kB", meminfo, re.MULTILINE)}
    available, total = values["MemAvailable"], values["MemTotal"]
    percent = 100 * available / total
    problems: tuple[str, ...] = ()
    if percent < least:
        problems = ("the memory is nearly used up: %.1f %% are available" % percent + _least(least),)
    detail = "%.0f %% of the memory are available (%d MiB)" % (percent, available // 1024)
    return Finding("host", "memory", problems, detail=detail, numbers={"memory_available_ratio": available / total})


def _least(least: float) -> str:
    return " (minimum %g %%)" % least
