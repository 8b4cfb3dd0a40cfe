# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Do something in a process that may take only so much memory, and only so long."""

from __future__ import annotations

import os
import resource
import signal
import typing as t

MIB = 1 << 20


def outcome(work: t.Callable[[], object], memory: int, seconds: int = 120) -> str:
    """How a function ends in a child of this process.

    :param memory: bytes that it may need beside what this process has
    :param seconds: after which it is killed
    :returns: "done", or the name of what it has raised and its text, or the signal that has ended it
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _run(work, memory, seconds, writer)
    os.close(writer)
    with open(reader, "rb") as file:
        text = file.read().decode(errors="replace")
    _pid, status = os.waitpid(child, 0)
    return text if os.WIFEXITED(status) else "signal %d" % os.WTERMSIG(status)


def _run(work: t.Callable[[], object], memory: int, seconds: int, writer: int) -> t.NoReturn:
    try:
        signal.alarm(seconds)
        with open("/proc/self/statm", encoding="ascii") as file:
            now = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + memory, now + memory))
        work()
        text = "done"
    except BaseException as error:  # whatever it is, this process must not go on as the test
        text = "%s: %s" % (type(error).__name__, error)
    os.write(writer, text.encode(errors="replace")[:4000])
    os._exit(0)
