# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who attacks, and where: every place of the Molecule scenario that runs."""

from __future__ import annotations

import os
import subprocess
import typing as t

import pytest
from helpers.containers import wait_for
from helpers.docker_engine import docker, get
from helpers.places import AN_APP, ANOTHER_USER, IMAGE_PLACE, PLACES, ROOTLESS_PLACE, Attacker, Place
from helpers.rootless_image import IMAGE, LEAN

HERE = PLACES[os.environ["MOLECULE_SCENARIO_NAME"]]
# An image has no root that works in it, and no other users.
collect_ignore = ["test_firewall.py", "test_roots_work.py"] if any(place.is_image for place in HERE) else []
IMAGES: t.Mapping[str, tuple[str, str, t.Sequence[str]]] = {
    IMAGE_PLACE.container: ("80", "pyapps-container-prod", ()),
    ROOTLESS_PLACE.container: ("8080", IMAGE, LEAN),
}
"""Port, image, and options of the containers that are not there before a test starts them."""


@pytest.fixture(scope="session", autouse=True)
def containers_run() -> t.Iterator[None]:
    """A scenario that makes an image runs it here once more; the other scenarios' hosts are there."""
    started = [place.container for place in HERE if place.is_image]
    for name in started:
        port, image, options = IMAGES[name]
        subprocess.run(["docker", "rm", "--force", "--volumes", name], check=False, capture_output=True)
        docker("run", "--detach", "--name", name, "--publish", "127.0.0.1::" + port, *options, image)
        ours = int(docker("port", name, port).rpartition(":")[2])
        wait_for("the app answers", lambda at=ours: get(at, "/app-1/_stcore/health") == (200, "ok"))
    yield
    for name in started:
        docker("rm", "--force", "--volumes", name)


@pytest.fixture(params=HERE, ids=lambda place: place.container)
def place(request: pytest.FixtureRequest) -> Place:
    return t.cast("Place", request.param)


@pytest.fixture(params=[AN_APP, ANOTHER_USER])
def attacker(request: pytest.FixtureRequest, place: Place) -> Attacker:
    return Attacker(request.param, place)


@pytest.fixture
def app(place: Place) -> Attacker:
    """An attack that only an app can try."""
    return Attacker(AN_APP, place)
