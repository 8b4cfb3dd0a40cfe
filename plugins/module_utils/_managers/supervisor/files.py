# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that our supervisord is started with."""

from __future__ import annotations

import os
import shlex
import typing as t
from dataclasses import dataclass

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.layout import Folder, top_folders
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.conf import (
    MANAGED,
    PRIVATE,
    ConfError,
    plain,
)

SERVICE = "pyapps-supervisor"
WATCHER = "pyapps-watcher"
FIREWALL, NO_FIREWALL = "firewall", "no-firewall"
"""Words of the watcher's command."""
SYSTEM_SOCKET = "/var/run/supervisor.sock"
SYSTEM_PROGRAMS = "/etc/supervisor/conf.d"
"""What Debian's daemon includes."""

_LONGEST_SOCKET = 107  # unix(7): sun_path less its zero byte
_SUFFIX = len(".4194304")  # supervisord binds <socket>.<pid> first, then renames
_GLOB = frozenset("*?[")


class TextFile(t.NamedTuple):
    """A file that is wanted."""

    text: str
    mode: int = 0o644


@dataclass(frozen=True)
class Wish:
    """How supervisord shall run.

    :param own: a daemon of ours; else Debian's
    :param from_debian: our daemon is started from Debian's package, not from the environment ``tools/supervisor``
    :param manager: who starts it: ``systemd``, ``sysv``, ``none`` (this run does, without root), or ``supervisor`` (it
        is the first process of a container)
    :param as_root: whether we are root
    :param activate: whether it shall run now; else only its files are written
    """

    layout: Layout
    own: bool
    from_debian: bool
    manager: str
    as_root: bool
    activate: bool = True

    @property
    def supervisord(self) -> str:
        """The daemon's program."""
        if self.from_debian or not self.own:
            return "/usr/bin/supervisord"
        return os.path.join(self.layout.tools, "supervisor", "bin", "supervisord")

    @property
    def python(self) -> str:
        """The interpreter that can import supervisor."""
        if self.from_debian or not self.own:
            return "/usr/bin/python3"
        return os.path.join(self.layout.tools, "supervisor", "bin", "python")

    @property
    def socket(self) -> str:
        """The socket that the daemon makes."""
        return self.layout.supervisor_socket if self.own else SYSTEM_SOCKET

    @property
    def unit(self) -> str:
        return "/etc/systemd/system/%s.service" % SERVICE

    @property
    def script(self) -> str:
        """The init script; without root the same script below our own folder."""
        if self.manager == "sysv":
            return "/etc/init.d/" + SERVICE
        return os.path.join(os.path.dirname(self.layout.supervisor_conf), "daemon")

    @property
    def folders(self) -> list[Folder]:
        """Folders that have to be there, parents first. Nobody else may write programs that supervisord runs."""
        found = [*top_folders(self.layout, self.as_root), Folder(os.path.dirname(self.layout.programs), 0o755)]
        return [*found, *([Folder(self.layout.programs, PRIVATE)] if self.own else [])]

    @property
    def links(self) -> dict[str, str]:
        """Links that let everybody find Debian's daemon where ours would be."""
        if self.own:
            return {}
        return {self.layout.programs: SYSTEM_PROGRAMS, self.layout.supervisor_socket: SYSTEM_SOCKET}


def files(wish: Wish) -> dict[str, TextFile]:
    """The files that are wanted, by path.

    :raises ConfError: the root folder's name cannot be used
    """
    check_root(wish.layout)
    if not wish.own:
        return {wish.layout.supervisor_conf: TextFile(MANAGED + _control_section(wish.socket))}
    found = {wish.layout.supervisor_conf: TextFile(daemon_text(wish))}
    if wish.manager == "systemd":
        found[wish.unit] = TextFile(unit_text(wish))
    elif wish.manager != "supervisor":
        found[wish.script] = TextFile(script_text(wish), 0o755)
    return found


def check_root(layout: Layout) -> None:
    """Refuse a root folder whose name supervisor cannot work with.

    :raises ConfError: what is wrong, and what to do
    """
    longest = _LONGEST_SOCKET - _SUFFIX
    if len(os.fsencode(layout.supervisor_socket)) > longest:
        raise ConfError(
            "the path of supervisor's socket, %s, has more than the %d bytes that a UNIX socket may have:"
            " choose a shorter root folder (variable pyapps_root, or supervisor_root)"
            % (layout.supervisor_socket, longest)
        )
    if _GLOB.intersection(layout.root) or '"' in layout.root or "\\" in layout.root:
        raise ConfError(
            'the root folder %s has one of the characters * ? [ " \\ in its name: choose another one'
            " (variable pyapps_root, or supervisor_root)" % layout.root
        )


def daemon_text(wish: Wish) -> str:
    """``supervisord.conf``. A change of it restarts the daemon, and with it all apps."""
    log = plain("log folder", wish.layout.log)
    return MANAGED + "".join(
        [
            "[unix_http_server]\n",
            "file=%s\n" % plain("socket", wish.socket),
            "chmod=0700\n\n",
            "[supervisord]\n",
            # Said openly, or supervisord warns about running as root at each start.
            "user=root\n" if wish.as_root else "",
            "logfile=%s/supervisord.log\n" % log,
            "logfile_maxbytes=10MB\n",
            "logfile_backups=5\n",
            "pidfile=%s/supervisord.pid\n" % plain("run folder", wish.layout.run),
            "childlogdir=%s\n" % log,
            "directory=/\n",
            # Five descriptors a program: more than 200 fit into the default of 1024, and root may have more.
            "minfds=8192\n" if wish.as_root else "",
            "\n[rpcinterface:supervisor]\n",
            "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n\n",
            _control_section(wish.socket),
            "\n[include]\n",
            # Relative, because this list is split at spaces.
            "files=%s/*.conf\n" % os.path.basename(wish.layout.programs),
        ]
    )


def _control_section(socket: str) -> str:
    return "[supervisorctl]\nserverurl=unix://%s\n" % plain("socket", socket)


def unit_text(wish: Wish) -> str:
    """The unit of our daemon. supervisord ends its programs itself; what is left after it is killed."""
    own_run = wish.layout.root == "/"
    return "".join(
        [
            "# " + MANAGED[2:],
            "[Unit]\n",
            "Description=Python web apps (supervisord of selfhost.pyapps)\n",
            "After=network.target\n\n",
            "[Service]\n",
            "ExecStart=%s -n -c %s\n" % (_unit_word(wish.supervisord), _unit_word(wish.layout.supervisor_conf)),
            "Restart=always\n",
            "RestartSec=1\n",
            "KillMode=mixed\n",
            "TimeoutStopSec=60\n",
            "RuntimeDirectory=pyapps\nRuntimeDirectoryPreserve=yes\n" if own_run else "",
            "LimitNOFILE=65536\n",
            "TasksMax=infinity\n",
            "NoNewPrivileges=yes\n",
            "ProtectSystem=full\n",
            # The watcher, a child of the daemon, takes the programs of old instances away.
            "ReadWritePaths=%s\n" % _unit_word("-" + wish.layout.programs),
            "PrivateTmp=yes\n",
            "ProtectKernelModules=yes\n",
            "RestrictSUIDSGID=yes\n",
            "RestrictRealtime=yes\n",
            "LockPersonality=yes\n\n",
            "[Install]\n",
            "WantedBy=multi-user.target\n",
        ]
    )


def _unit_word(word: str) -> str:
    """An argument of ``ExecStart=`` (systemd.service(5), systemd.unit(5))."""
    escaped = word.replace("%", "%%").replace("$", "$$")
    return '"%s"' % escaped if " " in escaped or "'" in escaped else escaped


_SCRIPT = """\
#!/bin/sh
### BEGIN INIT INFO
# Provides:          pyapps-supervisor
# Required-Start:    $remote_fs $network
# Required-Stop:     $remote_fs $network
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: Python web apps (supervisord of selfhost.pyapps)
### END INIT INFO
# Made by the Ansible collection selfhost.pyapps; a change here is overwritten by its next run.
set -u
umask 022
supervisord=@SUPERVISORD@
conf=@CONF@
run=@RUN@

# A process id of the file may be another process's after a crash, so its command line is looked at.
running() {
    pid=$(cat "$run/supervisord.pid" 2>/dev/null) && [ -n "$pid" ] || return 1
    tr '\\0' '\\n' <"/proc/$pid/cmdline" 2>/dev/null | grep -qxF -e "$conf"
}

start() {
    running && return 0
    mkdir -p "$run"
    "$supervisord" -c "$conf"
}

stop() {
    running || return 0
    kill -TERM "$pid"
    for _ in $(seq 600); do
        running || return 0
        sleep 0.1
    done
    echo "supervisord ($pid) has not ended within 60 s" >&2
    return 1
}

case "${1:-}" in
    start) start ;;
    stop) stop ;;
    restart | force-reload) stop && start ;;
    status) running && echo "running (pid $pid)" || { echo "not running"; exit 3; } ;;
    *) echo "usage: $0 start|stop|restart|force-reload|status" >&2; exit 2 ;;
esac
"""


def script_text(wish: Wish) -> str:
    """The init script of our daemon, which works at any place and without root too."""
    values = {"@SUPERVISORD@": wish.supervisord, "@CONF@": wish.layout.supervisor_conf, "@RUN@": wish.layout.run}
    text = _SCRIPT
    for mark, value in values.items():
        text = text.replace(mark, shlex.quote(value))
    return text
