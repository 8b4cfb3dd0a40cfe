# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A container that runs takes a new release of one app, over Docker's connection, while a person uses the old one."""

from __future__ import annotations

import os
import subprocess
import typing as t
from pathlib import Path

import pytest
from helpers.checkout import run_playbook
from helpers.containers import wait_for
from helpers.docker_engine import docker, serves
from helpers.own_image import MOUNT, container_inventory
from helpers.streamlit_session import session

IMAGE, NAME = "pyapps-container-prod", "pyapps-container-one"
FOLDER = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])
SCRIPT = FOLDER / "apps" / "app_2" / "app_2.py"


@pytest.fixture(scope="module")
def port() -> t.Iterator[int]:
    """The published port of a container that knows this network's certificates, which packages come by."""
    subprocess.run(["docker", "rm", "--force", "--volumes", NAME], check=False, capture_output=True)
    docker("run", "--detach", "--name", NAME, "--publish", "127.0.0.1::80", "--volume=" + MOUNT, IMAGE)
    found = int(docker("port", NAME, "80").rpartition(":")[2])
    wait_for("both apps answer", lambda: serves(found))
    before = SCRIPT.read_text()
    yield found
    SCRIPT.write_text(before)
    docker("rm", "--force", "--volumes", NAME)


def deploy() -> subprocess.CompletedProcess[str]:
    """As `ansible-playbook playbooks/deploy.yml -i inventories/container -e app=app_2`."""
    apps = str(FOLDER / "apps")
    inventory = container_inventory(FOLDER, NAME, pyapps_apps_dir=apps, pyapps_source="molecule")
    return run_playbook("playbooks/deploy.yml", "-i", inventory, "-e", "app=app_2")


def live(app: str) -> str:
    return docker("exec", NAME, "readlink", "/srv/pyapps/apps/%s/live" % app)


def test_an_open_page_stays_and_new_ones_get_the_new_release(port: int) -> None:
    """S0-24: and the other app's instance is the one that it was."""
    before = {app: live(app) for app in ("app_1", "app_2")}
    pinned = "http://127.0.0.1:%d/app-2/~/%s/" % (port, before["app_2"].partition("/")[2])
    with session(pinned) as page:
        page.run()
        SCRIPT.write_text(SCRIPT.read_text().replace("Hello from App 2!", "Deployed into the container"))
        assert deploy().returncode == 0
        assert page.is_open()
        page.run()
        page.wait_for("Hello from App 2!", 60)
        assert live("app_2") != before["app_2"]
        assert live("app_1") == before["app_1"]
    with session("http://127.0.0.1:%d/app-2/~/%s/" % (port, live("app_2").partition("/")[2])) as page:
        page.run()
        page.wait_for("Deployed into the container", 60)


def test_a_second_deploy_changes_nothing(port: int) -> None:
    done = deploy()
    assert done.returncode == 0
    assert "changed=0" in done.stdout


def test_a_broken_release_is_refused(port: int) -> None:
    before = live("app_2")
    SCRIPT.write_text("raise RuntimeError('broken on purpose')\n")
    done = deploy()
    assert done.returncode != 0
    assert "RuntimeError: broken on purpose" in done.stdout
    assert live("app_2") == before


def test_it_goes_on_with_its_release_after_a_restart(port: int) -> None:
    before = live("app_2")
    docker("restart", "--time", "60", NAME)
    again = int(docker("port", NAME, "80").rpartition(":")[2])
    wait_for("both apps answer", lambda: serves(again))
    assert live("app_2") == before
