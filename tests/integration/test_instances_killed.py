# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A deploy that is killed at any point leaves one complete release serving, and the next run converges."""

from __future__ import annotations

import contextlib
import json
import typing as t

import pytest
from helpers.deploy_storm import Ours
from helpers.killed_deploys import Deploy, assert_converges, assert_one_complete_release_serves, kill_at_random
from helpers.serving_host import ServingHost
from helpers.supervisord import wait_for

SCRIPT = "import streamlit as st\nst.write('%s')\n"

SEEN_POINTS: list[t.Callable[[Deploy], bool]] = [
    Deploy.has_recorded,
    Deploy.has_program,
    Deploy.has_marker,
    Deploy.has_switched,
    Deploy.has_removed_the_old_marker,
]


@pytest.fixture
def app(serving_host: ServingHost) -> str:
    """An app that serves its first release."""
    name = serving_host.add_app("killed")
    serving_host.release(name, SCRIPT % "release 0")
    assert serving_host.deploy().results[name]["note"] == "live"
    return name


def test_a_deploy_killed_at_every_step_leaves_the_app_serving(serving_host: ServingHost, app: str) -> None:
    """C-09, S0-24: killed right after each of its visible steps, one run after the other without a whole one."""
    for number, point in enumerate(SEEN_POINTS):
        serving_host.release(app, SCRIPT % ("step %d" % number))
        Deploy.start(serving_host, app).kill_when(point)
        assert_one_complete_release_serves(serving_host, app)
    assert_converges(serving_host, app)


def test_whoever_is_killed_at_any_moment_the_app_goes_on_serving(serving_host: ServingHost) -> None:
    """C-09: twenty times the run, supervisord, the watcher or the front, at random moments of a deploy."""
    with contextlib.closing(Ours(serving_host, "nginx")) as way:
        killed = kill_at_random(way, count=20, seed=20)
    assert set(killed) == {"run", "supervisord", "watcher", "front"}


def test_supervisord_killed_during_a_deploy_leaves_a_clear_error_and_the_next_run_converges(
    serving_host: ServingHost, app: str
) -> None:
    """S0-24, S0-46: the app fails with the cause; with supervisord back everything serves again."""
    serving_host.release(app, SCRIPT % "next")
    deploy = Deploy.start(serving_host, app)
    while not deploy.has_program():
        assert deploy.process.poll() is None
    serving_host.daemon.kill()
    output, _error = deploy.process.communicate(timeout=120)
    result = json.loads(output)[app]
    assert (result["state"], result["step"]) == ("failed", "start"), result
    assert "supervisord" in result["reason"]
    serving_host.daemon.start()
    wait_for(serving_host.answers, 20, "supervisord answers")
    assert_converges(serving_host, app)
