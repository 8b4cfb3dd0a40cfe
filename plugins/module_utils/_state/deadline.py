# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When an instance's time is over, although the machine's clock may jump meanwhile.

A deadline is two texts: a moment for people, and for us the seconds since this boot. A clock that is set right in the
meantime (by hand, or because the machine has none that runs without power) neither ends what is in use nor keeps what
is over. After the next boot only the moment counts; by then no process of before is left.
"""

from __future__ import annotations

import datetime
import re
import time

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.clock import TIME

UPTIME = re.compile(r"(?P<boot>[0-9a-f-]{36}) (?P<seconds>[0-9]{1,12})")
"""How :func:`begin` writes the seconds since a boot (random(4), ``CLOCK_BOOTTIME`` of clock_gettime(2))."""

_BOOT_ID = "/proc/sys/kernel/random/boot_id"


def begin(seconds: float) -> tuple[str, str | None]:
    """A deadline.

    :param seconds: how long from now
    :returns: its moment, UTC, as ``2026-11-21T07:42:00Z``; and the boot with the seconds since, None without ``/proc``
    """
    until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    boot = _boot()
    uptime = "%s %d" % (boot, time.clock_gettime(time.CLOCK_BOOTTIME) + seconds) if boot else None
    return until.strftime(TIME), uptime


def has_passed(until: str, uptime: str | None) -> bool:
    """Whether what :func:`begin` returned is over; a moment that is not one is."""
    return seconds_left(until, uptime) <= 0


def seconds_left(until: str, uptime: str | None) -> float:
    """How many seconds are left of what :func:`begin` returned; negative when it is over."""
    found = UPTIME.fullmatch(uptime or "")
    if found and found.group("boot") == _boot():
        return int(found.group("seconds")) - time.clock_gettime(time.CLOCK_BOOTTIME)
    try:
        moment = datetime.datetime.strptime(until, TIME).replace(tzinfo=datetime.timezone.utc)
    except ValueError:
        return float("-inf")
    return (moment - datetime.datetime.now(datetime.timezone.utc)).total_seconds()


def _boot() -> str | None:
    try:
        with open(_BOOT_ID, encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return None
