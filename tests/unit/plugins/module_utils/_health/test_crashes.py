# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import time

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.crashes import Death, crash_loop, deaths

LOG = """\
ends of an older line (exit status 1; not expected)
2026-11-21 11:00:00,000 INFO spawned: 'app_1' with pid 10
2026-11-21 11:00:01,500 INFO success: app_1 entered RUNNING state, process has stayed up for > than 1 s
2026-11-21 11:00:05,250 WARN exited: app_1 (exit status 1; not expected)
2026-11-21 11:00:06,000 INFO spawned: 'app_1' with pid 11
2026-11-21 11:00:06,100 INFO spawned: 'other' with pid 12
2026-11-21 11:00:07,000 INFO stopped: other (terminated by SIGTERM)
2026-11-21 11:00:08,000 WARN exited: app_1 (terminated by SIGKILL; not expected)
2026-11-21 11:00:08,100 WARN exited: unseen (exit status 0; expected)
"""
NOW = 1_000_000.0


def died(*lives: float | None, spacing: float = 10) -> list[Death]:
    return [Death(NOW - spacing * (len(lives) - index), lived) for index, lived in enumerate(lives)]


def test_deaths_are_read_with_how_long_each_life_was() -> None:
    """X14, S0-47: from supervisor's own words; what somebody has stopped did not die."""
    found = deaths(LOG)
    assert {name: [death.lived for death in history] for name, history in found.items()} == {
        "app_1": [5.25, 2.0],
        "unseen": [None],
    }
    assert found["app_1"][0].when == time.mktime((2026, 11, 21, 11, 0, 5, 0, 0, -1)) + 0.25


def test_three_short_lives_in_a_row_are_a_crash_loop() -> None:
    """X14."""
    said = crash_loop(died(1, 2, 3), uptime=4, now=NOW)
    assert said == "crash loop: its last 3 processes lived 1, 2, 3 s, and this one is 4 s old"
    assert crash_loop(died(90, 1, 2, 3), uptime=0, now=NOW)


def test_two_that_took_longer_are_one_within_a_minute() -> None:
    """Of an app that has served for days and now dies 25 s after each start."""
    said = crash_loop(died(90000, 25, 25, spacing=26), uptime=3, now=NOW)
    assert said == "crash loop: its last 2 processes lived 25, 25 s, and this one is 3 s old"


@pytest.mark.parametrize(
    ("history", "uptime"),
    [
        (died(1, 2), 4),
        (died(1, 40, 3), 4),
        (died(90000, 25), 4),
        (died(1, None, 3), 4),
        (died(1, 2, 3), 30),
        (died(1, 2, 3, spacing=300), 4),
        ([], 0),
    ],
    ids=[
        "two deaths",
        "a long life between",
        "one slow death",
        "a life not known",
        "has got over it",
        "long ago",
        "never died",
    ],
)
def test_what_is_no_crash_loop(history: list[Death], uptime: float) -> None:
    assert crash_loop(history, uptime, NOW) is None
