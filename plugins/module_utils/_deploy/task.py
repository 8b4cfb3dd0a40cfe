# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a command of a release as its process would run: as the app's user, with its environment.

Of what it says only the end is kept, however much that is. It leads a session of its own, which is killed when its
time is over, when it ends, and when the run ends.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.system_python import system_python
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.unprivileged import without_rights
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.limits import (
    NO_LIMITS,
    Limits,
    have_scopes,
    scope_of,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor import log_tail as _log_tail
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_record import DEFAULT_APP_PORTS

_KEPT = 64 * 1024  # bytes of output
_READ = 64 * 1024
_POLL = 0.1
_SYSTEM = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}


class TaskEnd(t.NamedTuple):
    """How a command ended.

    :param code: its exit status, negative for a signal; None when its time was over
    :param problem: why it did not succeed, or None
    :param log: the last lines of what it said
    """

    code: int | None
    problem: str | None
    log: list[str]


class _Session(subprocess.Popen[bytes]):
    """A command that leads a session of its own, and is killed with its children."""

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)


def run_task(
    layout: Layout,
    app: str,
    release: str,
    user: str | None,
    command: t.Sequence[str],
    seconds: float,
    limits: Limits = NO_LIMITS,
    app_ports: str = DEFAULT_APP_PORTS,
) -> TaskEnd:
    """Run a command to its end.

    :param user: the app's; None without root
    :param command: argv; its first word is looked up in the release's environment first
    :param seconds: after which it is killed
    :param limits: of the app; they hold as they do for its instances
    :param app_ports: which ports belong to apps of this host; it may reach none of them
    :raises OSError: it cannot be started
    :raises LookupError: rights cannot be dropped here
    """
    starter = [system_python(), "-I", layout.zipapp, "task", layout.root, app, release, app_ports, "--", *command]
    scope = scope_of(limits, app) if user is not None and limits != NO_LIMITS and have_scopes() else []
    process = _Session(
        [*scope, *without_rights(user), *starter],
        env=_SYSTEM,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        output, in_time = _await_end(process, time.monotonic() + seconds)
    finally:
        process.kill()  # before it is waited for, so that its number is still its own
        code = process.wait()
        t.cast("t.IO[bytes]", process.stdout).close()
    if not in_time:
        return TaskEnd(None, "did not end within %g s" % seconds, _log_tail.lines_of(output))
    return TaskEnd(code, _how_it_ended(code), _log_tail.lines_of(output))


def _how_it_ended(code: int) -> str | None:
    if code < 0:
        return "was ended by signal %d (%s)" % (-code, signal.strsignal(-code))
    return "ended with exit status %d" % code if code else None


def _await_end(process: subprocess.Popen[bytes], deadline: float) -> tuple[bytes, bool]:
    """The end of a process's output, and whether it ended in time; it is not waited for.

    Its children may keep the pipe open, so the pipe's end is not awaited.
    """
    pipe, output = t.cast("t.IO[bytes]", process.stdout).fileno(), b""
    os.set_blocking(pipe, False)
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        is_open = True
        while True:
            ended = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
            if is_open and selector.select(0 if ended else _POLL):
                part = os.read(pipe, _READ)
                output = (output + part)[-_KEPT:]
                if not part:
                    selector.unregister(pipe)
                    is_open = False
                elif time.monotonic() < deadline:
                    continue  # all that it has said is read before its end counts
            elif not is_open and not ended:
                time.sleep(_POLL)
            if ended or time.monotonic() >= deadline:
                return output, ended
