# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write supervisord's own files, and tell the service manager."""

from __future__ import annotations

import os
import time
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import (
    part_path,
    point_link,
    read_text,
    sync_folder,
    write_file,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.layout import make
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.daemon import (
    DaemonError,
    Plan,
    fingerprint,
    is_folder,
    is_running,
    stamp,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.files import SERVICE, Wish, files
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.log_tail import tail
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.rpc import (
    DaemonDownError,
    Supervisor,
)

Run = t.Callable[..., "tuple[int, str, str]"]
"""``module.run_command``."""

_UP_SECONDS = 20.0
_STOP_SECONDS = 30.0
_RESTART_SECONDS = 60.0
_POLL = 0.1
# supervisor's own parser, without starting anything.
_PARSE = """\
import sys
from supervisor.options import ServerOptions
ServerOptions().realize(["-n", "-c", sys.argv[1]])
"""


def apply(wish: Wish, todo: Plan, run: Run, back_up: t.Callable[[str], str]) -> None:
    """Do what was planned.

    :param back_up: makes a copy of the configuration that is replaced (``module.backup_local``)
    :raises DaemonError: the configuration is wrong, or the daemon does not start or stop
    :raises SupervisorError: Debian's daemon does not forget our programs
    """
    for folder in todo.folders:
        make(folder)
    for link in todo.links:
        if is_folder(link):
            os.rmdir(link)
        point_link(link, wish.links[link])
    _forget_programs(wish, todo.programs)
    _serve(wish, todo, ("stop", "disable"), run)
    _write(wish, todo.write, run, back_up)
    for path in todo.delete:
        os.unlink(path)
        sync_folder(os.path.dirname(path))
    if wish.manager == "systemd" and wish.unit in (*todo.write, *todo.delete):
        _run(["systemctl", "daemon-reload"], run)
    _serve(wish, todo, ("enable", "start", "restart"), run)
    if {"start", "restart"}.intersection(todo.service):
        _wait_until_up(wish)


def remember(wish: Wish) -> None:
    """Write down what the daemon that runs now was started with."""
    if wish.own and read_text(stamp(wish)) != fingerprint(wish):
        write_file(stamp(wish), fingerprint(wish))


def _write(wish: Wish, paths: t.Sequence[str], run: Run, back_up: t.Callable[[str], str]) -> None:
    wanted = files(wish) if paths else {}
    for path in paths:
        if path == wish.layout.supervisor_conf and wish.own:
            _validate(wish, wanted[path].text, run)
            if os.path.exists(path):
                back_up(path)
        write_file(path, wanted[path].text, wanted[path].mode)


def _validate(wish: Wish, text: str, run: Run) -> None:
    """Let supervisor's own parser read a configuration before it replaces the old one."""
    candidate = part_path(wish.layout.supervisor_conf)
    write_file(candidate, text)
    try:
        code, out, error = run([wish.python, "-c", _PARSE, candidate])
    finally:
        os.unlink(candidate)
    if code != 0:
        raise DaemonError("supervisor refuses its configuration: %s" % (error or out).strip()[-2000:])


def _forget_programs(wish: Wish, names: t.Sequence[str]) -> None:
    supervisor = Supervisor(wish.socket)
    for name in names:
        try:
            supervisor.stop(name, _STOP_SECONDS)
            supervisor.remove(name)
        except DaemonDownError:
            return  # then it runs no program either


def _serve(wish: Wish, todo: Plan, verbs: t.Sequence[str], run: Run) -> None:
    """Tell the service manager those of the planned verbs."""
    name = SERVICE if wish.own else "supervisor"
    for verb in verbs:
        if verb not in todo.service:
            continue
        if wish.manager == "systemd":
            _run(["systemctl", verb, name], run)
        elif wish.manager == "supervisor":
            _serve_first_process(wish, verb)
        elif verb in ("enable", "disable"):
            _run(["update-rc.d", name, "defaults" if verb == "enable" else "remove"], run)
        else:
            _run([wish.script if wish.own else "/etc/init.d/" + name, verb], run)


def _serve_first_process(wish: Wish, verb: str) -> None:
    """A container ends with its first process, so this one is started anew by itself, and stopped with the container.

    :raises DaemonError: it does not run, or does not come back
    """
    if verb != "restart":
        raise DaemonError(
            "supervisord is to be the first process of a container, so this run cannot %s it: %s the container"
            % (verb, verb)
        )
    supervisor = Supervisor(wish.socket)
    supervisor.restart()
    deadline = time.monotonic() + _RESTART_SECONDS
    while not supervisor.is_up():
        if time.monotonic() >= deadline:
            raise DaemonError("supervisord has not come back within %g s" % _RESTART_SECONDS)
        time.sleep(_POLL)


def _run(command: list[str], run: Run) -> None:
    code, out, error = run(command)
    if code != 0:
        raise DaemonError("%s failed: %s" % (" ".join(command), (error or out).strip()[-2000:]))


def _wait_until_up(wish: Wish) -> None:
    deadline = time.monotonic() + _UP_SECONDS
    while not is_running(wish):
        if time.monotonic() >= deadline:
            log = os.path.join(wish.layout.log, "supervisord.log")
            raise DaemonError(
                "\n".join(["supervisord does not answer after its start; %s ends with:" % log, *tail(log)])
            )
        time.sleep(_POLL)
