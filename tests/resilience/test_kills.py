# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two hundred kills of random apps over some minutes (`make resilience`; the seed is printed, and SEED repeats it)."""

from __future__ import annotations

import contextlib
import os
import secrets
import statistics
import typing as t

import pytest
from helpers.kill_storm import Storm, StormyHost
from helpers.serving_host import ServingHost

APPS, KILLS, PAUSE, REST = 24, 200, 1.8, 33.0


@pytest.fixture(scope="module")
def storm() -> t.Iterator[Storm]:
    seed = int(os.environ.get("SEED") or secrets.randbelow(10**6))
    with contextlib.closing(ServingHost()) as host, contextlib.closing(StormyHost(host, APPS)) as stormy:
        seen = stormy.storm(KILLS, PAUSE, REST, seed)
    outages = sorted(event.outage for event in seen.events)
    well, ill, lies = seen.judged()
    print(
        "seed %d: %d kills, start %.2f s (median), %.2f s (slowest); back after %.2f s (median), %.2f s (slowest),"
        " at most %.2f s more than its start; %d health checks, %.2f s each;"
        " %d answers rightly healthy, %d rightly unhealthy, %d wrong"
        % (
            seed,
            len(outages),
            statistics.median(event.started for event in seen.events),
            max(event.started for event in seen.events),
            statistics.median(outages),
            outages[-1],
            max(event.outage - event.started for event in seen.events),
            len(seen.samples),
            statistics.median(sample.ended - sample.begun for sample in seen.samples),
            well,
            ill,
            len(lies),
        )
    )
    return seen


def test_every_app_is_back_within_its_start_time_and_three_seconds(storm: Storm) -> None:
    """S0-46."""
    assert len(storm.events) == KILLS
    assert storm.late(3) == []


def test_every_health_check_that_could_know_told_the_truth(storm: Storm) -> None:
    """S0-47, X14."""
    well, ill, lies = storm.judged()
    assert lies == []
    assert well > 1000
    assert ill > KILLS / 2
