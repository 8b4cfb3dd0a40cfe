# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two hundred sessions and a hundred deploys under requests (`make resilience`), with two other ways beside ours."""

from __future__ import annotations

import contextlib
import typing as t

import pytest
from helpers.deploy_storm import Figures, Ours, ReloadOfTheFront, RestartInPlace, table, under_use
from helpers.serving_host import ServingHost

RATE = 50.0


@pytest.fixture(scope="module")
def shown() -> t.Iterator[list[Figures]]:
    """All figures, printed in the end."""
    figures: list[Figures] = []
    yield figures
    print("\n" + table(figures))


@pytest.mark.parametrize("server", ["nginx", "caddy"])
def test_two_hundred_sessions_stay_through_deploys(shown: list[Figures], server: str) -> None:
    """C-09: on the live release and two that drain, twenty broken deploys between: no session and no state is lost."""
    with contextlib.closing(ServingHost()) as host, contextlib.closing(Ours(host, server, drain_timeout=3600)) as way:
        shown.append(under_use(way, sessions=200, rate=RATE, deploys=2, refused=20))
    assert (shown[-1].sessions, shown[-1].sessions_lost, shown[-1].state_lost) == (200, 0, 0), shown[-1]
    assert shown[-1].requests_failed == 0, shown[-1]


@pytest.mark.parametrize("server", ["nginx", "caddy"])
def test_a_hundred_deploys_fail_no_request(shown: list[Figures], server: str) -> None:
    """C-09: each old release drains for a second; twenty more deploys are refused."""
    with contextlib.closing(ServingHost()) as host, contextlib.closing(Ours(host, server, drain_timeout=1)) as way:
        shown.append(under_use(way, sessions=0, rate=RATE, deploys=100, refused=20))
    assert shown[-1].requests_failed == 0, shown[-1]


@pytest.mark.parametrize("way", [RestartInPlace, ReloadOfTheFront])
def test_the_same_figures_of_other_ways(shown: list[Figures], way: type[RestartInPlace | ReloadOfTheFront]) -> None:
    """peers.md, section 0: all sessions that were open."""
    with contextlib.closing(way()) as host:
        shown.append(under_use(host, sessions=30, rate=RATE, deploys=2))
    assert shown[-1].sessions_lost == 20
