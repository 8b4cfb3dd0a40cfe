# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes supervisord itself run as it is wanted: files, links, service."""

from __future__ import annotations

import contextlib
import glob
import hashlib
import os
import typing as t
from dataclasses import dataclass, field

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import (
    diff_entry,
    read_text,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.layout import Folder, missing_folders
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.conf import MANAGED
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.files import (
    SERVICE,
    SYSTEM_PROGRAMS,
    Wish,
    files,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.rpc import (
    DaemonDownError,
    Supervisor,
)


class DaemonError(Exception):
    """supervisord cannot be as it is wanted; the text says why and what to do."""


@dataclass
class Plan:
    """What has to be done.

    :param programs: names of our programs that Debian's daemon shall forget
    :param service: what the service manager is told
    """

    folders: list[Folder] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    write: list[str] = field(default_factory=list)
    delete: list[str] = field(default_factory=list)
    programs: list[str] = field(default_factory=list)
    service: list[str] = field(default_factory=list)
    diff: list[dict[str, t.Any]] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        return bool(self.folders or self.links or self.write or self.delete or self.service)


def is_running(wish: Wish) -> bool:
    """Whether the daemon answers.

    :raises SupervisorError: it cannot be told
    """
    try:
        Supervisor(wish.socket).pid()
    except DaemonDownError:
        return False
    return True


def plan_present(wish: Wish, running: bool) -> Plan:
    """What makes the daemon run as it is wanted.

    :raises ConfError: the root folder cannot be used
    :raises DaemonError: our own daemon's programs are in the way of Debian's
    """
    found = Plan()
    found.folders = missing_folders(wish.folders, ())
    for link, target in wish.links.items():
        if is_folder(link) and os.listdir(link):
            raise DaemonError("%s holds programs of a daemon of our own: remove that first (state: absent)" % link)
        if not os.path.islink(link) or os.readlink(link) != target:
            found.links.append(link)
    for path, wanted in files(wish).items():
        before = read_text(path)
        if before != wanted.text or os.stat(path).st_mode & 0o777 != wanted.mode:
            found.write.append(path)
            found.diff.append(diff_entry(path, before, wanted.text))
    if not wish.activate:
        return found
    if wish.own and not is_enabled(wish):
        found.service.append("enable")
    if not running:
        found.service.append("start")
    elif wish.own and _is_outdated(wish, bool(found.write)):
        found.service.append("restart")
    return found


def is_folder(path: str) -> bool:
    """Whether it is a folder, and not a link to one."""
    return os.path.isdir(path) and not os.path.islink(path)


def _is_outdated(wish: Wish, differs: bool) -> bool:
    """Whether the daemon that runs was started with something else."""
    before = read_text(stamp(wish))
    return differs if before is None else before != fingerprint(wish)


def plan_absent(wish: Wish, running: bool) -> Plan:
    """What removes our daemon; Debian's goes on without our programs."""
    found = Plan()
    if wish.own:
        wanted = [wish.layout.supervisor_conf, wish.unit if wish.manager == "systemd" else wish.script, stamp(wish)]
        if running:
            found.service.append("stop")
        if is_enabled(wish) and wish.manager != "none":
            found.service.append("disable")
    else:
        programs = own_programs(SYSTEM_PROGRAMS)
        found.programs = [os.path.basename(path)[: -len(".conf")] for path in programs]
        wanted = [wish.layout.supervisor_conf, *programs, *wish.links]
    found.delete = [path for path in wanted if os.path.lexists(path)]
    for path in found.delete:
        found.diff.append(diff_entry(path, "" if os.path.islink(path) else read_text(path), None))
    return found


def own_programs(folder: str) -> list[str]:
    """Program files that this collection has made."""
    paths = sorted(glob.glob(os.path.join(glob.escape(folder), "*.conf")))
    return [path for path in paths if (read_text(path) or "").startswith(MANAGED)]


def stamp(wish: Wish) -> str:
    """The file that keeps the fingerprint of what the running daemon was started with."""
    return os.path.join(os.path.dirname(wish.layout.supervisor_conf), "started-with")


def fingerprint(wish: Wish) -> str:
    """What the daemon is started with: its files and its environment. A run that was killed is seen by it later."""
    parts = [path + "\0" + wanted.text for path, wanted in sorted(files(wish).items())]
    with contextlib.suppress(OSError):
        parts.append(os.readlink(os.path.join(wish.layout.tools, "supervisor")))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest() + "\n"


def is_enabled(wish: Wish) -> bool:
    """Whether the daemon is started at boot; without a service manager there is nobody to do so."""
    if wish.manager == "systemd":
        return os.path.islink("/etc/systemd/system/multi-user.target.wants/%s.service" % SERVICE)
    return wish.manager in ("none", "supervisor") or bool(glob.glob("/etc/rc2.d/S[0-9][0-9]" + SERVICE))
