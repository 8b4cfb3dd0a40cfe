# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring named programs of supervisor in line with what is wanted, and no others."""

from __future__ import annotations

import glob
import os
import re
import time
import typing as t
from dataclasses import dataclass, field

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import (
    diff_entry,
    make_folder,
    read_text,
    write_file,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import INSTANCE, Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.conf import (
    MANAGED,
    PRIVATE,
    log_path,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.log_tail import program_tail
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.rpc import (
    DaemonDownError,
    Process,
    Reread,
    Supervisor,
)

_STOP_GRACE = 5.0  # seconds that supervisord itself may take beside a program's stop wait
_POLL = 0.1


class ProgramError(Exception):
    """A program that cannot be as it is wanted; the text names it."""


@dataclass(frozen=True)
class Program:
    """A program that is wanted.

    :param text: its whole file
    :param newer: it is started anew when one of these files is younger than its process
    :param stop_wait: seconds until supervisord kills it
    :param autostart: whether it shall run
    """

    name: str
    text: str
    newer: tuple[str, ...] = ()
    stop_wait: int = 10
    autostart: bool = True


@dataclass
class Plan:
    """What has to be done; names, sorted.

    ``write`` are files; ``add``, ``restart``, ``start`` and ``remove`` are what supervisord is told.
    """

    write: list[str] = field(default_factory=list)
    delete: list[str] = field(default_factory=list)
    add: list[str] = field(default_factory=list)
    restart: list[str] = field(default_factory=list)
    start: list[str] = field(default_factory=list)
    remove: list[str] = field(default_factory=list)
    diff: list[dict[str, t.Any]] = field(default_factory=list)

    @property
    def actions(self) -> list[str]:
        """What supervisord is told, for people."""
        told = (("add", self.add), ("restart", self.restart), ("start", self.start), ("remove", self.remove))
        return ["%s %s" % (verb, name) for verb, names in told for name in names]

    @property
    def changed(self) -> bool:
        return bool(self.write or self.delete or self.actions)


@dataclass(frozen=True)
class Daemon:
    """What supervisord runs, and how its files differ from that."""

    processes: t.Mapping[str, Process]
    reread: Reread


def ask(supervisor: Supervisor) -> Daemon | None:
    """The daemon's state, or None when it is down. (Reading its files again changes nothing that runs.)"""
    try:
        return Daemon(supervisor.processes(), supervisor.reread())
    except DaemonDownError:
        return None


def check_names(names: t.Iterable[str]) -> None:
    """Refuse what belongs to apps, and names that are there twice.

    :raises ProgramError: such a name
    """
    seen = set()
    for name in names:
        if INSTANCE.fullmatch(name.rpartition(".")[2]):
            raise ProgramError("%s: this is the program of an app's instance, which only a deploy may change" % name)
        if name in seen:
            raise ProgramError("%s: this program is there twice" % name)
        seen.add(name)


def plan(layout: Layout, wanted: t.Sequence[Program], absent: t.Iterable[str], daemon: Daemon | None) -> Plan:
    """What has to be done.

    :param absent: names of programs that shall not be there
    :param daemon: None when no daemon runs (a bare host in check mode): then it is predicted from the files alone
    :raises ProgramError: somebody else has a program with such a name
    """
    absent = sorted(absent)
    found = plan_files(layout, wanted, absent)
    for program in sorted(wanted, key=lambda program: program.name):
        _plan_process(found, program, program.name in found.write, daemon)
    found.remove += [name for name in absent if daemon and name in daemon.processes]
    if found.actions:
        found.diff.append({"prepared": "".join("supervisor: %s\n" % action for action in found.actions)})
    return found


def plan_files(layout: Layout, wanted: t.Sequence[Program], absent: t.Iterable[str]) -> Plan:
    """What of the files has to be written and deleted; supervisord is told nothing.

    :raises ProgramError: as of :func:`plan`
    """
    found = Plan()
    for program in sorted(wanted, key=lambda program: program.name):
        path = layout.program(program.name)
        before = own_text(path)
        if before != program.text:
            found.write.append(program.name)
            found.diff.append(diff_entry(path, before, program.text))
    for name in sorted(absent):
        path = layout.program(name)
        before = own_text(path)
        if before is not None:
            found.delete.append(name)
            found.diff.append(diff_entry(path, before, None))
    return found


def own_text(path: str) -> str | None:
    """A program's file, or None when there is none.

    :raises ProgramError: this collection has not made it
    """
    text = read_text(path)
    if text is not None and not text.startswith(MANAGED):
        raise ProgramError("%s is a program of somebody else: it is left alone, so choose another name" % path)
    return text


def _plan_process(found: Plan, program: Program, differs: bool, daemon: Daemon | None) -> None:
    process = daemon.processes.get(program.name) if daemon else None
    if daemon is None or process is None:
        if differs or daemon is not None:
            found.add.append(program.name)
    elif differs or program.name in daemon.reread.changed or _is_outdated(program, process):
        found.restart.append(program.name)
    elif process.stopped and program.autostart:
        found.start.append(program.name)


def _is_outdated(program: Program, process: Process) -> bool:
    if not process.pid:
        return False
    return any(os.path.exists(path) and int(os.stat(path).st_mtime) > process.start for path in program.newer)


def apply(layout: Layout, supervisor: Supervisor, wanted: t.Sequence[Program], todo: Plan, wait: float) -> None:
    """Do what was planned.

    :param wait: seconds until every program that was touched must be RUNNING
    :raises ProgramError: one did not stay up, or does not stop
    :raises SupervisorError: the daemon refuses
    """
    programs = {program.name: program for program in wanted}
    write(layout, wanted, todo)
    for name in [*todo.remove, *todo.restart]:
        _forget(supervisor, name, programs[name].stop_wait if name in programs else 10)
    for name in [*todo.add, *todo.restart]:
        supervisor.add(name)
    for name in todo.start:
        supervisor.start(name)
    for name in {*todo.delete, *todo.remove}:
        _remove_logs(layout, name)
    touched = [name for name in (*todo.add, *todo.restart, *todo.start) if programs[name].autostart]
    _wait_until_up(layout, supervisor, touched, wait)


def write(layout: Layout, wanted: t.Sequence[Program], todo: Plan) -> None:
    """Do what was planned with the files."""
    texts = {program.name: program.text for program in wanted}
    # Debian's daemon has a folder of its own, and so has a container: there it is a link.
    if not os.path.islink(layout.programs):
        make_folder(layout.programs, PRIVATE)
    for name in todo.write:
        write_file(layout.program(name), texts[name])
    for name in todo.delete:
        os.unlink(layout.program(name))


def _forget(supervisor: Supervisor, name: str, stop_wait: int) -> None:
    if not supervisor.stop(name, stop_wait + _STOP_GRACE):
        raise ProgramError("%s does not stop, not even killed: look at its process" % name)
    supervisor.remove(name)


def _remove_logs(layout: Layout, name: str) -> None:
    for stream in ("out", "err"):
        path = log_path(layout, name, stream)
        for log in glob.glob(glob.escape(path) + "*"):
            if re.fullmatch(r"(\.\d+)?", log[len(path) :]):
                os.unlink(log)


def _wait_until_up(layout: Layout, supervisor: Supervisor, names: t.Sequence[str], wait: float) -> None:
    deadline = time.monotonic() + wait
    while names:
        processes = supervisor.processes()
        waiting = [processes[name] for name in names if name in processes and processes[name].state != "RUNNING"]
        if not waiting:
            return
        if time.monotonic() >= deadline or any(process.state == "FATAL" for process in waiting):
            raise ProgramError("\n".join(_why_not_up(layout, process) for process in waiting))
        time.sleep(_POLL)


def _why_not_up(layout: Layout, process: Process) -> str:
    text = "%s did not stay up (%s): %s" % (process.name, process.state, process.description)
    return "\n".join([text, *program_tail(layout, process.name)])
