# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remove an app from a host, except its data.

The order keeps every half-done removal findable: what people reach goes first, then processes, then files, then the
user. ``data/`` stays as root's, closed to everybody else, until somebody asks for its end by name.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import signal
import time
import typing as t
from dataclasses import dataclass, field

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import (
    force_remove,
    remove_parts,
    remove_tree,
    sync_folder,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import INSTANCE, Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._host import kept_data as _kept_data, users as _host_users
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.rpc import Supervisor
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import (
    instance_state as _instance_state,
    retire as _retire,
)

Command = t.Callable[[list[str]], tuple[int, str, str]]

APP_NAME = re.compile(r"[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?")
_KILL_SECONDS = 10.0


class RemovalError(Exception):
    """An app cannot be removed wholly; the text says what stays and what to do."""


@dataclass
class Remains:
    """What a host still has of an app; empty when there is nothing to remove.

    :param instances: live or not
    :param paths: folders, files and links, except ``data/``
    :param user: its system user, or None
    :param stranger: somebody else's account that has the name of its user, in words; it stays
    :param data: what is to be done with its data folder: "", "close" or "delete"
    """

    instances: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    user: str | None = None
    stranger: str = ""
    data: str = ""

    def __bool__(self) -> bool:
        return bool(self.instances or self.paths or self.user or self.data)

    def listing(self) -> str:
        """Line by line, for a diff."""
        lines = ["instance %s" % name for name in self.instances] + self.paths
        if self.user:
            lines.append("user %s" % self.user)
        if self.data:
            lines.append("data folder, to %s" % self.data)
        return "".join(line + "\n" for line in lines)


def find_remains(layout: Layout, name: str, programs: t.Iterable[str], delete_data: bool) -> Remains:
    """What there is to remove of an app.

    :param programs: names that supervisord knows
    :raises RemovalError: the name is not one that an app can have
    """
    if not APP_NAME.fullmatch(name):
        raise RemovalError("%r is not the name of an app: it is made of a-z, 0-9, '_' and '-'" % name)
    app = layout.app(name)
    lock = os.path.join(layout.locks, "apps", name + ".txt")
    paths = [app.live, app.down, app.down_page, app.serving, app.instances, app.releases, app.history, app.seeds, lock]
    found = Remains(
        instances=sorted(_instance_state.instance_names(layout, app, programs)),
        paths=[path for path in [*paths, *_logs(layout, name)] if os.path.lexists(path)],
    )
    if os.geteuid() == 0:
        user = _host_users.app(layout, name)
        if _host_users.is_ours(user):
            found.user = user.name
        found.stranger = _host_users.stranger(user)
    if delete_data and os.path.lexists(app.path):
        found.data = "delete"
    elif os.path.lexists(app.data) and not _kept_data.is_closed(app.data):
        found.data = "close"
    return found


def remove_app(
    layout: Layout, name: str, remains: Remains, supervisor: Supervisor | None, run_command: Command
) -> None:
    """Remove what :func:`find_remains` found. Only for who holds the host's lock.

    :param supervisor: None when no supervisord runs
    :raises RemovalError: its user stays
    :raises RetireError: a process cannot be stopped
    """
    app = layout.app(name)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(app.live)
        sync_folder(app.path)
    for instance in remains.instances:
        _retire.retire(layout, app, instance, supervisor)
    for path in remains.paths:
        if os.path.isdir(path) and not os.path.islink(path):
            remove_tree(path)
        else:
            force_remove(path)
    if remains.user:
        _remove_user(_host_users.app(layout, name), run_command)
    if remains.data == "close":
        _kept_data.close(app.data)
    elif remains.data == "delete":
        remove_tree(app.path)
    remove_parts(app.path)
    with contextlib.suppress(OSError):  # it stays while it holds the data folder
        os.rmdir(app.path)


def _logs(layout: Layout, name: str) -> list[str]:
    pattern = re.compile(r"%s(?:\.%s)?\.(?:out|err)\.log(?:\.[0-9]+)?" % (re.escape(name), INSTANCE.pattern))
    try:
        names = sorted(os.listdir(layout.log))
    except FileNotFoundError:
        return []
    return [os.path.join(layout.log, file) for file in names if pattern.fullmatch(file)]


def _remove_user(user: _host_users.Wanted, run_command: Command) -> None:
    """Remove a user of ours. Processes that still run as it have left supervisord's groups; they end."""
    _kill_all_of(pwd.getpwnam(user.name).pw_uid)
    try:
        _host_users.remove_idle(user, lambda command: run_command(list(command)))
    except _host_users.UserError as error:
        raise RemovalError(str(error)) from None


def _kill_all_of(uid: int) -> None:
    """Kill every process of a user; that an app's user is its own makes this safe."""
    deadline = time.monotonic() + _KILL_SECONDS
    while True:
        pids = processes_of(uid)
        if not pids or time.monotonic() > deadline:
            return
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)


def processes_of(uid: int) -> list[int]:
    """The processes of a user of this host. Those in a container, where the same number is somebody else, are not."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and _is_of(uid, "/proc/%s/status" % name)]


def _is_of(uid: int, path: str) -> bool:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            fields = dict(line.partition(":")[::2] for line in file)
    except OSError:
        return False
    # A process in a container has a number here and another one there (proc(5), NSpid).
    return int(fields["Uid"].split()[0]) == uid and len(fields.get("NSpid", "").split()) <= 1
