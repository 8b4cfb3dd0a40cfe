# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""make's targets with the published names, run for real. The tests build on each other.

Only `-80` is not: other tests may hold this machine's port 80 (tests/unit/test_container_targets.py sees what it runs).
"""

from __future__ import annotations

import os
import subprocess
import typing as t
from pathlib import Path

import pytest
from helpers.containers import wait_for
from helpers.docker_engine import docker, inspect

PROJECT = Path(os.environ["MOLECULE_PROJECT_DIRECTORY"])
FOLDER = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])
IMAGE = "pyapps-rootless"
NAME = IMAGE + "-prod"
"""Of the image, and of its container."""


def make(target: str) -> str:
    """Run a target for the scenario's image; what it prints."""
    file = FOLDER / "make.env"
    file.write_text('HELLO="WORLD"\n')
    words = ["IMAGE=" + IMAGE, "BASE=pyapps-test-base:bookworm", "ENV_FILE=%s" % file]
    words.append("CONTAINER_INVENTORY=" + os.environ["MOLECULE_INVENTORY_FILE"])
    command = ["make", "--no-print-directory", target, *words]
    done = subprocess.run(
        command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600, check=False
    )
    print(done.stdout)
    assert done.returncode == 0, done.stdout
    return done.stdout


def answers() -> bool:
    """Whether supervisord does: it needs a moment after the start."""
    asked = ["docker", "exec", NAME, "pyapps", "ctl", "pid"]
    return subprocess.run(asked, check=False, capture_output=True).returncode == 0


def remove() -> None:
    subprocess.run(["docker", "rm", "--force", "--volumes", NAME], check=False, capture_output=True)


@pytest.fixture(scope="module", autouse=True)
def _no_container_before_and_after() -> t.Iterator[None]:
    remove()
    yield
    remove()


def image_id() -> str:
    return docker("image", "inspect", "--format", "{{.Id}}", NAME)


def is_running() -> bool:
    return bool(inspect(NAME)["State"]["Running"])


def test_rebuild_works_from_nothing() -> None:
    """S0-95: the published one stops a container that is not there, and fails. The image is as it was."""
    before = image_id()
    make("rebuild-prod")
    container = inspect(NAME)
    assert is_running()
    assert container["Image"] == image_id() == before
    assert 'HELLO="WORLD"' in container["Config"]["Env"]
    assert "APP_ENV=PROD" in container["Config"]["Env"]
    assert not container["HostConfig"]["PortBindings"]


def test_status_and_logs_show_what_runs() -> None:
    wait_for("supervisord answers", answers)
    assert "app_1" in make("status-prod").split()
    assert "supervisord started with pid 1" in make("logs-prod")


def test_stop_and_start_keep_the_container() -> None:
    before = inspect(NAME)["Id"]
    make("stop-prod")
    assert (is_running(), inspect(NAME)["State"]["ExitCode"]) == (False, 0)
    make("start-prod")
    assert (is_running(), inspect(NAME)["Id"]) == (True, before)


def test_a_container_that_runs_is_replaced_and_removed() -> None:
    before = inspect(NAME)["Id"]
    make("remove-prod")
    make("run-prod")
    assert inspect(NAME)["Id"] != before
    make("remove-prod")
    assert NAME not in docker("ps", "--all", "--format", "{{.Names}}").split()
    make("remove-prod")  # nothing is there
