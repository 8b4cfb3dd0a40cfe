# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a host has the memory and the disk for what a run will start.

Rough on purpose: what is told is a lack that will be felt. The numbers were measured with Streamlit.
"""

from __future__ import annotations

import json
import os
import re
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._host.limits import limits_of

APP_MB = 155
"""Memory of a Streamlit process once somebody has visited it."""

FIRST_ENVIRONMENT_MB = 500
"""Disk for the first environment with Streamlit, pandas and Arrow, compiled, and for what it was made from."""

FURTHER_ENVIRONMENT_MB = 150
"""Disk for one with other requirements: what it shares with the first is there once."""

_MEBIBYTE = 1024 * 1024
_REMEDY = "To go on all the same, set pyapps_capacity: ignore."
_NAMES_SHOWN = 5

Apps = t.Sequence[t.Mapping[str, t.Any]]


class Room(t.NamedTuple):
    """Megabytes: of memory that new processes could have, and of the disk that the store is on."""

    memory: int
    disk: int


def room(folder: str) -> Room:
    """What the host has now.

    :param folder: where the store is, or will be
    :raises OSError: the host does not tell
    """
    while not os.path.exists(folder):
        folder = os.path.dirname(folder)
    disk = os.statvfs(folder)
    with open("/proc/meminfo", encoding="ascii") as file:
        return Room(available_memory(file.read()), disk.f_bavail * disk.f_frsize // _MEBIBYTE)


def available_memory(meminfo: str) -> int:
    """MemAvailable of ``/proc/meminfo``, in MB."""
    match = re.search(r"^MemAvailable:\s+(\d+) kB", meminfo, re.MULTILINE)
    if match is None:
        raise OSError("/proc/meminfo says nothing of MemAvailable")
    return int(match.group(1)) // 1024


def lacks(apps: Apps, deployed: t.Collection[str], there: Room) -> list[str]:
    """What the host has too little of, each as a sentence with what to do.

    :param apps: entries of the catalog that the run is for
    :param deployed: names of the apps that are on the host already; their processes run and have their memory
    """
    new = [app for app in apps if app["name"] not in deployed]
    names = ", ".join(app["name"] for app in new[:_NAMES_SHOWN]) + (", ..." if len(new) > _NAMES_SHOWN else "")
    found = []
    memory = sum(map(_memory_of, new))
    beside = max((_memory_of(app) for app in apps if app["name"] in deployed), default=0)
    if memory + beside > there.memory:
        reasons = ["%d MB for %d new (%s)" % (memory, len(new), names)] if new else []
        reasons += ["%d MB for a new release beside the old one" % beside] if beside else []
        found.append(
            "memory: the apps need about %d MB (%s), and %d MB are available. Apps would be ended by the kernel when "
            "people visit them. Serve fewer apps here, or give the host more memory or swap. %s"
            % (memory + beside, "; ".join(reasons), there.memory, _REMEDY)
        )
    disk = _disk_of(new, len(new) == len(apps))
    if disk > there.disk:
        found.append(
            "disk: the environments of %d new apps (%s) need about %d MB, and %d MB are free. Make room, or set "
            "pyapps_root to a folder on a larger disk. %s" % (len(new), names, disk, there.disk, _REMEDY)
        )
    return found


def _memory_of(app: t.Mapping[str, t.Any]) -> int:
    limit = limits_of(app).memory
    return APP_MB if limit is None else min(APP_MB, limit)


def _disk_of(new: Apps, host_is_empty: bool) -> int:
    different = {json.dumps(app["environment"], sort_keys=True) for app in new}
    if not different:
        return 0
    first = FIRST_ENVIRONMENT_MB if host_is_empty else FURTHER_ENVIRONMENT_MB
    return first + FURTHER_ENVIRONMENT_MB * (len(different) - 1)
