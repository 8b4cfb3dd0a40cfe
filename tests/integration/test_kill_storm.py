# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The small form of `make resilience`: six kills of six apps. How soon they are back is measured by the large form."""

from __future__ import annotations

import contextlib

from helpers.kill_storm import StormyHost
from helpers.serving_host import ServingHost


def test_killed_apps_come_back_soon_and_the_health_check_tells_the_truth(serving_host: ServingHost) -> None:
    """S0-46, S0-47, X14: every health check before, after or within an outage is right."""
    with contextlib.closing(StormyHost(serving_host, 6)) as stormy:
        storm = stormy.storm(kills=6, pause=1.8, rest=12, seed=6)
    assert len(storm.events) == 6
    assert storm.late(10) == []
    well, ill, lies = storm.judged()
    assert lies == []
    assert well > 20
    assert ill > 2
