# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions and requests while an app in a container is updated (`make resilience`), in both ways."""

from __future__ import annotations

import contextlib

import pytest
from helpers.container_storm import DeployIntoContainer, ReplaceContainer
from helpers.deploy_storm import table, under_use


@pytest.mark.parametrize(("way", "refused"), [(DeployIntoContainer, 6), (ReplaceContainer, 2)])
def test_sixty_sessions_stay_through_updates(way: type[DeployIntoContainer | ReplaceContainer], refused: int) -> None:
    """On what is live and two that drain, with broken updates between: no session, no state, no request is lost."""
    with contextlib.closing(way()) as updated:
        figures = under_use(updated, sessions=60, rate=20, deploys=2, refused=refused)
    print("\n" + table([figures]))
    assert (figures.sessions, figures.sessions_lost, figures.state_lost) == (60, 0, 0), figures
    assert figures.requests_failed == 0, figures
