# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``[limits]``: how much memory and processor each instance of an app may have.

Where systemd runs and the kernel can count memory by group, an instance starts in a scope of its own, which holds for
all its processes. Elsewhere the starter sets what a process can set for itself (:func:`apply_to_this_process`).
"""

from __future__ import annotations

import contextlib
import os
import re
import resource
import typing as t

MEGABYTE = 1024 * 1024
SLICE = "pyapps.slice"

_RUN, _CHANGE_USER = "/usr/bin/systemd-run", "/usr/bin/setpriv"
_NICE = 10
_CGROUP_FOLDER = "/sys/fs/cgroup"
# What Python, NumPy, Arrow, C++ and the dynamic linker say when the kernel gives no memory.
_NO_MEMORY = re.compile(
    r"MemoryError|bad_alloc|[Cc]annot allocate memory|Unable to allocate|[Oo]ut of memory|malloc of size"
    r"|failed to map segment|can't start new thread"
)


class Limits(t.NamedTuple):
    """What one instance may have.

    :param memory: MB, or None for no limit
    :param cpu: percent of one processor, so 200 are two of them; None for no limit
    """

    memory: int | None = None
    cpu: int | None = None


NO_LIMITS = Limits()


def limits_of(settings: t.Mapping[str, t.Any]) -> Limits:
    """The limits among an app's settings; none in those of a release that is older than this table."""
    return Limits(**(settings.get("limits") or {}))


def have_scopes() -> bool:
    """Whether an instance can be started in a scope, where its limits hold for all its processes together.

    A Raspberry Pi's kernel, for one, counts no memory by group until it is told to.
    """
    return (
        os.geteuid() == 0
        and os.path.isdir("/run/systemd/system")
        and all(os.access(tool, os.X_OK) for tool in (_RUN, _CHANGE_USER))
        and {"memory", "cpu"} <= _controllers()
    )


def _controllers() -> set[str]:
    """What the kernel counts by group: cgroup v2 says it in one file; of v1 each has a folder."""
    with contextlib.suppress(OSError), open(_CGROUP_FOLDER + "/cgroup.controllers", encoding="ascii") as file:
        return set(file.read().split())
    return {name for name in ("memory", "cpu") if os.path.isdir(os.path.join(_CGROUP_FOLDER, name))}


def in_scope(limits: Limits, user: str, program: str, command: t.Sequence[str]) -> list[str]:
    """A command for root that runs ``command`` as ``user`` within the limits; the process id stays the same.

    :param program: the instance's program
    """
    leave_root = [_CHANGE_USER, "--reuid=" + user, "--regid=" + user, "--init-groups", "--"]
    return [*scope_of(limits, program), *leave_root, *command]


def scope_of(limits: Limits, name: str) -> list[str]:
    """The words before a command of root's that let it run within the limits; the process id stays the same.

    :param name: told to who looks at the host with systemd's tools
    """
    properties = []
    if limits.memory is not None:
        properties += ["--property=MemoryMax=%dM" % limits.memory, "--property=MemorySwapMax=0"]
    if limits.cpu is not None:
        properties.append("--property=CPUQuota=%d%%" % limits.cpu)
    scope = [_RUN, "--quiet", "--scope", "--collect", "--slice=" + SLICE, "--description=" + name, *properties]
    return [*scope, "--"]


def apply_to_this_process(limits: Limits, seed: str) -> None:
    """Set what a process can set for itself, unless it is in a scope of ours already.

    Memory is RLIMIT_DATA: private memory that is asked for. RLIMIT_AS would count mapped libraries too, and Arrow's
    alone are some hundred MB. Processors are an affinity; below one processor the process yields to others as well.

    :param seed: hexadecimal; by it instances are spread over the processors
    :raises OSError: the kernel refuses
    """
    if _is_in_scope():
        return
    if limits.memory is not None:
        _soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
        wanted = limits.memory * MEGABYTE
        wanted = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (wanted, wanted))
    if limits.cpu is not None:
        os.sched_setaffinity(0, processors(sorted(os.sched_getaffinity(0)), limits.cpu, seed))
        if limits.cpu < 100:
            os.nice(_NICE)


def processors(available: t.Sequence[int], percent: int, seed: str) -> set[int]:
    """As many of these processors as the percentage needs, rounded up; which ones is a matter of the seed."""
    count = min(len(available), -(-percent // 100))
    first = int(seed[:8], 16) % len(available)
    return {available[(first + number) % len(available)] for number in range(count)}


def _is_in_scope() -> bool:
    try:
        with open("/proc/self/cgroup", encoding="utf-8") as file:
            return "/%s/" % SLICE in file.read()
    except OSError:
        return False


def blame_memory(limits: Limits, reason: str, log: t.Iterable[str]) -> str:
    """Why a candidate did not pass, and that it had no memory left when its limit is what speaks for it."""
    if limits.memory is None or not ("SIGKILL" in reason or any(map(_NO_MEMORY.search, (reason, *log)))):
        return reason
    return "it needs more memory than [limits] memory = %d (MB) gives it: raise that, or let the app need less (%s)" % (
        limits.memory,
        reason,
    )
