# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two hundred deploys during which the run or a daemon is killed (`make resilience`; SEED repeats one)."""

from __future__ import annotations

import contextlib
import os
import secrets

import pytest
from helpers.deploy_storm import Ours
from helpers.killed_deploys import kill_at_random
from helpers.serving_host import ServingHost


@pytest.mark.parametrize("server", ["nginx", "caddy"])
def test_whoever_is_killed_at_any_moment_the_app_goes_on_serving(server: str) -> None:
    """C-09: a hundred times through each front."""
    seed = int(os.environ.get("SEED") or secrets.randbelow(10**6))
    with contextlib.closing(ServingHost()) as host, contextlib.closing(Ours(host, server)) as way:
        print("seed %d, %s: %s" % (seed, server, dict(kill_at_random(way, count=100, seed=seed))))
