# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The small form of `make resilience` for deploys: sessions with state and plain requests, through both fronts."""

from __future__ import annotations

import contextlib

import pytest
from helpers.deploy_storm import Ours, ReloadOfTheFront, RestartInPlace, under_use
from helpers.serving_host import ServingHost


@pytest.mark.parametrize("server", ["nginx", "caddy"])
def test_nobody_loses_a_session_or_a_request_by_deploys(serving_host: ServingHost, server: str) -> None:
    """C-09, S0-24: twenty sessions on the releases of two deploys, two broken ones between; then eight more deploys."""
    deploys = {"drain_timeout": 3600, "max_draining": 2}
    with contextlib.closing(Ours(serving_host, server, **deploys)) as way:
        held = under_use(way, sessions=20, rate=20, deploys=2, refused=2)
        assert (held.sessions, held.sessions_lost, held.state_lost) == (20, 0, 0), held
        assert held.requests_failed == 0, held
        serving_host.apps[way.app]["deploy"].update(drain_timeout=1)
        short = under_use(way, sessions=0, rate=20, deploys=8, refused=2)
    assert short.requests > 100
    assert short.requests_failed == 0, short


@pytest.mark.parametrize("way", [RestartInPlace, ReloadOfTheFront])
def test_the_measure_sees_what_other_ways_lose(way: type[RestartInPlace | ReloadOfTheFront]) -> None:
    """peers.md, section 0: every session; by a restart in place requests, too."""
    with contextlib.closing(way()) as host:
        figures = under_use(host, sessions=4, rate=20, deploys=1)
    assert figures.sessions_lost == 2, "those of the first release"
    # A reload may break off a kept connection in the moment of a request, or not.
    assert figures.requests_failed > 0 or way is ReloadOfTheFront, figures
