# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two ways to update an app that is served from a container, for ``deploy_storm.under_use``.

Each has an image of its own, and runs the playbooks as a person does.
"""

from __future__ import annotations

import os
import re
import subprocess

from helpers.containers import wait_for
from helpers.deploy_storm import BROKEN, VERSION
from helpers.docker_engine import docker, get
from helpers.own_image import MOUNT, OwnImage
from helpers.relay import Relay
from helpers.tabs import SCRIPT

IMAGE = "pyapps-storm"


def live_pin(container: str) -> str:
    """Where the page of the live instance sends its tab, below the app's path."""
    return "~/%s/" % os.path.basename(docker("exec", container, "readlink", "/srv/pyapps/apps/app/live"))


def wait_for_app(port: int) -> None:
    wait_for("the app answers", lambda: get(port, "/app/_stcore/health") == (200, "ok"))


class DeployIntoContainer:
    """The deploy of a host, over Docker's connection: the container stays."""

    name = "a deploy into a container"

    def __init__(self) -> None:
        self._image = OwnImage(IMAGE)
        self._script = self._image.add_app("app", "streamlit==" + VERSION, SCRIPT % 0)
        self._image.build()
        name = self._image.container
        docker("run", "--detach", "--name", name, "--publish", "127.0.0.1::80", "--volume=" + MOUNT, IMAGE)
        self.port = int(docker("port", name, "80").rpartition(":")[2])
        wait_for_app(self.port)

    @property
    def pin(self) -> str:
        return live_pin(self._image.container)

    def deploy(self, number: int) -> None:
        self._script.write_text(SCRIPT % number)
        done = self._image.play("deploy.yml", app="app")
        assert done.returncode == 0, done.stdout

    def refuse(self, number: int) -> None:
        self._script.write_text(BROKEN % number)
        done = self._image.play("deploy.yml", app="app")
        assert done.returncode != 0, done.stdout
        assert re.search(r"app +failed +.*refused %d" % number, done.stdout), done.stdout

    def close(self) -> None:
        self._image.close()


class ReplaceContainer:
    """A container of the new image takes the old one's place behind this machine's nginx."""

    name = "another container"

    def __init__(self) -> None:
        self._image, self._relay = OwnImage(IMAGE), Relay(IMAGE)
        self.port = self._relay.port
        self._script = self._image.add_app("app", "streamlit==" + VERSION, SCRIPT % 0)
        self.deploy(0)
        self._relay.wait()
        wait_for_app(self.port)

    @property
    def pin(self) -> str:
        return live_pin(self._relay.live())

    def _replace(self) -> subprocess.CompletedProcess[str]:
        return self._image.play("container.yml", pyapps_image_replace="drain", **self._relay.variables)

    def deploy(self, number: int) -> None:
        self._script.write_text(SCRIPT % number)
        done = self._replace()
        assert done.returncode == 0, done.stdout

    def refuse(self, number: int) -> None:
        before = self._relay.live()
        self._script.write_text(BROKEN % number)
        done = self._replace()
        assert done.returncode != 0, done.stdout
        assert "refused %d" % number in done.stdout, done.stdout
        assert self._relay.live() == before

    def close(self) -> None:
        self._relay.close()
        self._image.close()
