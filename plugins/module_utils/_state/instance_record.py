# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of an instance, and the program that runs it."""

from __future__ import annotations

import dataclasses
import glob
import json
import os
import re
from dataclasses import dataclass

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import INSTANCE, AppLayout, Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.system_python import system_python
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.limits import (
    NO_LIMITS,
    Limits,
    have_scopes,
    in_scope,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.conf import program_text
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.endpoint import Endpoint

RELEASE = re.compile(r"[0-9a-f]{16}")
"""How times are written in records, in UTC; such texts sort as the times do."""
KEPT = 150.0
"""Seconds that a process keeps a session whose connection is lost; what records say that are older than that key."""
DEFAULT_APP_PORTS = "20000-29999"
"""In records that are older than that key."""

_APP_PORTS = re.compile(r"[0-9]{1,5}-[0-9]{1,5}(?:,[0-9]{1,5})*")


class RecordError(Exception):
    """A record that is missing or not one of ours; the text names the file."""


@dataclass(frozen=True)
class InstanceRecord:
    """``apps/<app>/instances/<instance>.json``: a release that runs, or ran, on a port.

    :param instance: 32 hex digits; browsers see it
    :param port: its TCP port on 127.0.0.1
    :param release: id of the release, 16 hex digits
    :param created: when, UTC, as ``2026-11-21T07:42:00Z``
    :param drain_until: until when it may stay for its sessions once it is no longer live; None before that
    :param preview_until: until when it may be tried out before it is live; None when it is no preview
    :param until_uptime: the same moment as of :mod:`_deadline`, which a clock that jumps does not move
    :param idle_seconds: how long it must have been without a session to end before that moment
    :param grace_seconds: how much longer it may stay for tabs that have something unsent, or a running up- or download
    :param confined: whether its process is kept to its own port; None in a record of a version that did not know this
    :param app_ports: which ports belong to apps of this host, see :func:`parse_ports`; of these it may reach its own
    """

    app: str
    instance: str
    port: int
    release: str
    created: str
    drain_until: str | None = None
    preview_until: str | None = None
    until_uptime: str | None = None
    app_ports: str = DEFAULT_APP_PORTS
    idle_seconds: float = KEPT
    grace_seconds: float = 0.0
    confined: bool | None = True

    @property
    def program(self) -> str:
        """The name of its program in supervisor."""
        return "%s.%s" % (self.app, self.instance)

    @property
    def endpoint(self) -> Endpoint:
        """Where its process listens."""
        return Endpoint(self.port)

    @classmethod
    def read(cls, path: str) -> InstanceRecord:
        """Read a record; the app is the folder that it lies in.

        :raises RecordError: there is none, or it is damaged
        """
        try:
            with open(path, encoding="utf-8") as file:
                data = json.load(file)
        except OSError as error:
            raise RecordError("%s: the record of the instance cannot be read (%s)" % (path, error.strerror)) from None
        except ValueError as error:
            raise RecordError("%s: not a record of an instance (%s)" % (path, error)) from None
        app = os.path.basename(os.path.dirname(os.path.dirname(path)))
        if not isinstance(data, dict):
            raise RecordError("%s: not a record of an instance" % path)
        instance, port, release, created = (data.get(key) for key in ("instance", "port", "release", "created"))
        app_ports, idle = data.get("app_ports", DEFAULT_APP_PORTS), data.get("idle_seconds", KEPT)
        grace = data.get("grace_seconds", 0.0)
        confined = data.get("confined")
        times = (data.get("drain_until"), data.get("preview_until"), data.get("until_uptime"))
        if (
            os.path.basename(path) != "%s.json" % instance
            or not (isinstance(instance, str) and INSTANCE.fullmatch(instance))
            or not (isinstance(port, int) and 1024 <= port <= 65535)
            or not (isinstance(release, str) and RELEASE.fullmatch(release))
            or not isinstance(created, str)
            or not (_is_duration(idle) and _is_duration(grace))
            or not (isinstance(app_ports, str) and _APP_PORTS.fullmatch(app_ports))
            or not isinstance(confined, (bool, type(None)))
            or not all(moment is None or isinstance(moment, str) for moment in times)
        ):
            raise RecordError("%s: not a record of an instance: %r" % (path, data))
        return cls(app, instance, port, release, created, *times, app_ports, idle, grace, confined)

    def to_json(self) -> str:
        """The text of its file."""
        content = dataclasses.asdict(self)
        del content["app"]
        return json.dumps({key: value for key, value in content.items() if value is not None}, indent=2) + "\n"


def _is_duration(value: object) -> bool:
    """Whether this is a number of seconds."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0


def used_releases(app: AppLayout) -> set[str]:
    """The releases that an app's instances run, or ran.

    :raises RecordError: a record cannot be read
    """
    return {InstanceRecord.read(path).release for path in glob.glob(glob.escape(app.instances) + "/*.json")}


def instance_program(
    record: InstanceRecord, layout: Layout, user: str | None, stop_signal: str = "TERM", limits: Limits = NO_LIMITS
) -> str:
    """The program file of an instance.

    :param user: the app's system user; None without root
    :param stop_signal: as the app's kind says
    :param limits: what it may have; where there are scopes, the command begins as root, to make one, and drops root
    """
    command = [system_python(), "-I", layout.zipapp, "start", layout.root, record.app, record.instance]
    if user is not None and limits != NO_LIMITS and have_scopes():
        command, user = in_scope(limits, user, record.program, command), None
    return program_text(record.program, command, layout=layout, user=user, stop_signal=stop_signal)
