# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An image of a few apps, and the inventory with which it is built and updated, as a person has it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import typing as t
from pathlib import Path

from helpers.checkout import CHECKOUT, run_playbook
from helpers.docker_engine import docker

BASE = "pyapps-test-base:bookworm"
CERTIFICATES = os.environ.get("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt")
"""This machine's: a network may have a CA of its own."""

CA_IN_CONTAINER = "/etc/ssl/certs/pyapps-test-ca.pem"
MOUNT = "%s:%s:ro" % (CERTIFICATES, CA_IN_CONTAINER)
"""What a container needs that gets packages, as ``docker run --volume`` takes it."""
_SETTINGS = """\
title = "%s"

[streamlit]
entry_file = "main.py"
base_path = "/%s"
"""


def container_inventory(folder: Path, name: str, **variables: t.Any) -> Path:
    """An inventory in this folder, as ``inventories/container`` is; its host is a container of this name."""
    common = {
        "ansible_connection": "community.docker.docker",
        "ansible_pipelining": True,
        "ansible_user": "root",
        "pyapps_ca_bundle": CA_IN_CONTAINER,
    }
    inventory = folder / "hosts.json"
    inventory.write_text(json.dumps({"all": {"hosts": {name: {**common, **variables}}}}))
    return inventory


class OwnImage:
    """An image without apps, which is not built yet; :meth:`close` removes it.

    :param name: of the image
    :ivar container: the host in the inventory, so a container of this name is what a deploy changes
    """

    def __init__(self, name: str) -> None:
        subprocess.run([CHECKOUT / "tests" / "images" / "make_base", "bookworm"], check=True, capture_output=True)
        self.name, self.container = name, name + "-one"
        self.folder = Path(tempfile.mkdtemp(prefix=name + "-"))
        self.apps, self.built = self.folder / "apps", self.folder / "image"
        self.inventory = container_inventory(
            self.folder,
            self.container,
            pyapps_apps_dir=str(self.apps),
            pyapps_source=name,
            pyapps_image_name=name,
            pyapps_image_base=BASE,
            pyapps_image_folder=str(self.built),
            image_layout_volumes=[MOUNT],
        )

    def add_app(self, name: str, requirements: str, script: str) -> Path:
        """Make an app that is served below ``/<name>/``; its script's path."""
        folder = self.apps / name
        folder.mkdir(parents=True)
        (folder / "setup.toml").write_text(_SETTINGS % (name, name))
        (folder / "requirements.txt").write_text(requirements + "\n")
        (folder / "main.py").write_text(script)
        return folder / "main.py"

    def play(self, playbook: str, **variables: t.Any) -> subprocess.CompletedProcess[str]:
        """Run a playbook; what it says is its ``stdout``."""
        return run_playbook("playbooks/" + playbook, "-i", self.inventory, "-e", json.dumps(variables))

    def build(self) -> None:
        """Build the image, or what has changed of it."""
        done = self.play("container.yml")
        assert done.returncode == 0, done.stdout

    def close(self) -> None:
        layout = "pyapps-layout-" + self.name
        command = ["docker", "rm", "--force", "--volumes", layout, self.container]
        subprocess.run(command, check=False, capture_output=True)
        layers = "pyapps-layout:" + self.name
        docker("rmi", "--force", self.name, layers + "-environments", layers)
        # What newer builds have taken the name of.
        docker("image", "prune", "--force", "--filter", "label=org.opencontainers.image.title=" + self.name)
        shutil.rmtree(self.folder)
