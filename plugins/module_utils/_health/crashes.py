# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which programs die again and again, from supervisord's own log.

supervisord's states do not tell: a program that dies some seconds after each start is STARTING, RUNNING or
BACKOFF whenever somebody looks, and FATAL perhaps never. Its log says when each process was started and has ended.
"""

from __future__ import annotations

import re
import time
import typing as t
from dataclasses import dataclass

DEATHS = 3
"""How many short lives in a row make a crash loop, if they are very short."""
SLOW_DEATHS, SLOW_SECONDS = 2, 20.0
"""How many do when they took so many seconds together: so it is told within a minute."""
SHORT_LIFE = 30.0
"""Seconds; who lives longer has got over it."""
WINDOW = 600.0
"""Seconds; older deaths are forgotten."""
LOG_BYTES = 128 * 1024
"""How much of the log's end is enough: some hundred deaths."""

_LINE = re.compile(
    r"^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d),(\d{3}) [A-Z]+ "
    r"(?:(?P<spawned>spawned): '(?P<child>[^']+)' with pid|(?P<ended>exited|stopped): (?P<gone>\S+) \()",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Death:
    """One end of a process that nobody had asked for, in seconds since 1970; ``lived`` is None when not known."""

    when: float
    lived: float | None


def deaths(log: str) -> dict[str, list[Death]]:
    """By program, the unwanted ends of its processes, oldest first.

    :param log: the end of supervisord's log; its times are those of this machine's time zone
    """
    born: dict[str, float] = {}
    found: dict[str, list[Death]] = {}
    for match in _LINE.finditer(log):
        when = _seconds(match)
        if match.group("spawned"):
            born[match.group("child")] = when
            continue
        name = match.group("gone")
        begun = born.pop(name, None)
        if match.group("ended") == "exited":
            found.setdefault(name, []).append(Death(when, None if begun is None else when - begun))
    return found


def _seconds(match: re.Match[str]) -> float:
    year, month, day, hour, minute, second, thousandth = (int(match.group(number)) for number in range(1, 8))
    return time.mktime((year, month, day, hour, minute, second, 0, 0, -1)) + thousandth / 1000


def crash_loop(history: t.Sequence[Death], uptime: float, now: float) -> str | None:
    """Why a program counts as crash-looping, whatever its state is now; None when it does not.

    :param history: its deaths
    :param uptime: seconds since its process was started; 0 when none runs
    """
    if uptime >= SHORT_LIFE:
        return None
    lives: list[float] = []
    for death in reversed(history):
        if now - death.when > WINDOW or death.lived is None or death.lived >= SHORT_LIFE or len(lives) == DEATHS:
            break
        lives.insert(0, death.lived)
    if len(lives) < SLOW_DEATHS or (len(lives) < DEATHS and sum(lives) < SLOW_SECONDS):
        return None
    shown = ", ".join("%.0f" % lived for lived in lives)
    return "crash loop: its last %d processes lived %s s, and this one is %.0f s old" % (len(lives), shown, uptime)
