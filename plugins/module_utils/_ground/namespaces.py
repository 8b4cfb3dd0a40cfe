# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A place for programs that nobody trusts: without the host's network, and without a view of its processes.

Made of Linux' namespaces by util-linux, which only root can do, and which containers usually forbid. Where it cannot
be had, what the programs leave running is at least found and ended.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import signal
import socket
import struct
import subprocess
import threading
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import libc_call

_CLONE_NEWNET = 0x40000000  # linux/sched.h
_SIOCSIFFLAGS = 0x8914  # linux/sockios.h
_IFF_UP = 1  # linux/if.h
_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_ALONE = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--ipc"]
_SECONDS_TO_END = 20.0


@dataclass(frozen=True)
class Place:
    """Where programs run.

    :ivar around: what goes in front of their commands; empty where they are not kept apart
    :ivar listener: listens on the only address that they reach
    """

    around: list[str]
    listener: socket.socket


class _Trial(subprocess.Popen[str]):
    """A program that does nothing, to see whether it can be kept apart."""


@functools.cache
def fault() -> str | None:
    """Why programs cannot be kept apart here, or None."""
    if os.geteuid() != 0:
        return "only root can"
    try:
        with _own_network() as place:
            variables = {"PATH": _PATH, "LC_ALL": "C"}
            with _Trial([*place.around, "true"], env=variables, stderr=subprocess.PIPE, text=True) as trial:
                _output, said = trial.communicate()
    except OSError as error:
        return "a network of their own: %s" % error.strerror
    return "%s: status %d" % (said.strip(), trial.returncode) if trial.returncode else None


@contextlib.contextmanager
def apart() -> t.Iterator[Place]:
    """A place of its own, for the duration of some work.

    With namespaces every program that it starts has its own processes (the end of the program is the end of all that
    it has started), and all have one network, in which there is nothing but the listener. Without, the listener is on
    the host's loopback.

    :raises OSError: it cannot be made
    """
    if fault():
        _adopt_orphans()
        with _listen() as listener:
            yield Place([], listener)
    else:
        with _own_network() as place:
            yield place


@contextlib.contextmanager
def _own_network() -> t.Iterator[Place]:
    network, listener = _in_a_thread(_make_network)
    try:
        with listener:
            # nsenter(1) opens it as us, before any right is dropped.
            enter = ["nsenter", "--net=/proc/%d/fd/%d" % (os.getpid(), network), "--"]
            yield Place([*enter, *_ALONE, "--"], listener)
    finally:
        os.close(network)


def _listen() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0), backlog=128)


def _make_network() -> tuple[int, socket.socket]:
    """A network with nothing but a loopback: a descriptor that keeps it, and a socket that listens in it."""
    libc_call("unshare", _CLONE_NEWNET)
    # In a container this can be forbidden although that was allowed.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP))
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC), _listen()


def _in_a_thread(work: t.Callable[[], t.Any]) -> t.Any:
    """The answer of a function that changes the thread in which it runs: a thread that is gone afterwards."""
    answers: list[t.Any] = []

    def run() -> None:
        try:
            answers.append(work())
        except OSError as error:
            answers.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if isinstance(answers[0], OSError):
        raise answers[0]
    return answers[0]


def _adopt_orphans() -> None:
    """Make this process the parent of what programs leave running without their own parent."""
    libc_call("prctl", _PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_children_of(uid: int) -> None:
    """End all of our children, and theirs, that run as a user: what was started in :func:`apart`.

    :raises TimeoutError: they start new ones faster than they can be ended
    """
    last = time.monotonic() + _SECONDS_TO_END
    while children := _children_of(uid):
        if time.monotonic() > last:
            raise TimeoutError("processes that a build has left running cannot be ended")
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        for child in children:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(child, 0)


def _children_of(uid: int) -> list[int]:
    """Our own children only: what those have started becomes ours when they end."""
    found = []
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(FileNotFoundError):
            for child in (task / "children").read_text().split():
                with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                    # Not who owns /proc/<pid>: a process can make that root.
                    status = Path("/proc", child, "status").read_text(errors="replace")
                    if int(status.split("\nUid:", 1)[1].split(None, 1)[0]) == uid:
                        found.append(int(child))
    return found
