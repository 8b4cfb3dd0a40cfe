# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two ways to update an app that is served from a container, for ``deploy_storm.under_use``.

Each has an image of its own, and runs the playbooks as a person does.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
import typing as t
from pathlib import Path

from helpers.containers import wait_for
from helpers.deploy_storm import BROKEN, VERSION
from helpers.docker_engine import docker, get
from helpers.relay import Relay
from helpers.site_host import CHECKOUT, PLAYBOOK
from helpers.tabs import SCRIPT

IMAGE, CONTAINER = "pyapps-storm", "pyapps-storm-one"
BASE = "pyapps-test-base:bookworm"
CA_IN_CONTAINER = "/etc/ssl/certs/pyapps-test-ca.pem"
SETTINGS = """\
title = "Storm"

[streamlit]
entry_file = "main.py"
base_path = "/app"
"""


class Image:
    """The image of one app, and the inventory with which it is built and updated; :meth:`close` removes all of it."""

    def __init__(self) -> None:
        subprocess.run([CHECKOUT / "tests" / "images" / "make_base", "bookworm"], check=True, capture_output=True)
        self.folder = Path(tempfile.mkdtemp(prefix="pyapps-storm-"))
        self.app = self.folder / "apps" / "app"
        self.app.mkdir(parents=True)
        (self.app / "setup.toml").write_text(SETTINGS)
        (self.app / "requirements.txt").write_text("streamlit==%s\n" % VERSION)
        certificates = os.environ.get("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt")
        self.mount = "%s:%s:ro" % (certificates, CA_IN_CONTAINER)
        variables = {
            "ansible_connection": "community.docker.docker",
            "ansible_pipelining": True,
            "ansible_user": "root",
            "pyapps_apps_dir": str(self.folder / "apps"),
            "pyapps_source": "storm",
            "pyapps_ca_bundle": CA_IN_CONTAINER,
            "pyapps_image_name": IMAGE,
            "pyapps_image_base": BASE,
            "pyapps_image_folder": str(self.folder / "image"),
            "image_layout_volumes": [self.mount],
        }
        self.inventory = self.folder / "hosts.json"
        self.inventory.write_text(json.dumps({"all": {"hosts": {CONTAINER: variables}}}))

    def play(self, playbook: str, script: str, **variables: t.Any) -> subprocess.CompletedProcess[str]:
        """Run a playbook with this script as the app's."""
        (self.app / "main.py").write_text(script)
        return subprocess.run(
            [PLAYBOOK, "-i", self.inventory, CHECKOUT / "playbooks" / playbook, "-e", json.dumps(variables)],
            cwd=CHECKOUT,
            env={**os.environ, "LC_ALL": "C.UTF-8", "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=900,
            check=False,
        )

    def close(self) -> None:
        layout = "pyapps-layout-" + IMAGE
        subprocess.run(["docker", "rm", "--force", "--volumes", layout, CONTAINER], check=False, capture_output=True)
        layers = "pyapps-layout:" + IMAGE
        docker("rmi", "--force", IMAGE, layers + "-environments", layers)
        shutil.rmtree(self.folder)


def live_pin(container: str) -> str:
    """Where the page of the live instance sends its tab, below the app's path."""
    return "~/%s/" % os.path.basename(docker("exec", container, "readlink", "/srv/pyapps/apps/app/live"))


class DeployIntoContainer:
    """The deploy of a host, over Docker's connection: the container stays."""

    name = "a deploy into a container"

    def __init__(self) -> None:
        self._image = Image()
        done = self._image.play("container.yml", SCRIPT % 0)
        assert done.returncode == 0, done.stdout
        docker(
            "run", "--detach", "--name", CONTAINER, "--publish", "127.0.0.1::80", "--volume", self._image.mount, IMAGE
        )
        self.port = int(docker("port", CONTAINER, "80").rpartition(":")[2])
        wait_for("the app answers", lambda: get(self.port, "/app/_stcore/health") == (200, "ok"))

    @property
    def pin(self) -> str:
        return live_pin(CONTAINER)

    def deploy(self, number: int) -> None:
        done = self._image.play("deploy.yml", SCRIPT % number, app="app")
        assert done.returncode == 0, done.stdout

    def refuse(self, number: int) -> None:
        done = self._image.play("deploy.yml", BROKEN % number, app="app")
        assert done.returncode != 0, done.stdout
        assert re.search(r"app +failed +.*refused %d" % number, done.stdout), done.stdout

    def close(self) -> None:
        self._image.close()


class ReplaceContainer:
    """A container of the new image takes the old one's place behind this machine's nginx."""

    name = "another container"

    def __init__(self) -> None:
        self._image, self._relay = Image(), Relay(IMAGE)
        self.port = self._relay.port
        self.deploy(0)
        self._relay.wait()
        wait_for("the app answers", lambda: get(self.port, "/app/_stcore/health") == (200, "ok"))

    @property
    def pin(self) -> str:
        return live_pin(self._relay.live())

    def _play(self, script: str) -> subprocess.CompletedProcess[str]:
        return self._image.play("container.yml", script, pyapps_image_replace="drain", **self._relay.variables)

    def deploy(self, number: int) -> None:
        done = self._play(SCRIPT % number)
        assert done.returncode == 0, done.stdout

    def refuse(self, number: int) -> None:
        before = self._relay.live()
        done = self._play(BROKEN % number)
        assert done.returncode != 0, done.stdout
        assert "refused %d" % number in done.stdout, done.stdout
        assert self._relay.live() == before

    def close(self) -> None:
        self._relay.close()
        self._image.close()
