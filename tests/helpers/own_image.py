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

from helpers.docker_engine import docker
from helpers.site_host import CHECKOUT, PLAYBOOK

BASE = "pyapps-test-base:bookworm"
CERTIFICATES = os.environ.get("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt")
"""This machine's: a network may have a CA of its own."""

_CA_IN_CONTAINER = "/etc/ssl/certs/pyapps-test-ca.pem"
_SETTINGS = """\
title = "%s"

[streamlit]
entry_file = "main.py"
base_path = "/%s"
"""


class OwnImage:
    """An image without apps, which is not built yet; :meth:`close` removes it.

    :param name: of the image
    :ivar container: the host in the inventory, so a container of this name is what a deploy changes
    :ivar mount: what a container needs that gets packages, as ``docker run --volume`` takes it
    """

    def __init__(self, name: str) -> None:
        subprocess.run([CHECKOUT / "tests" / "images" / "make_base", "bookworm"], check=True, capture_output=True)
        self.name, self.container = name, name + "-one"
        self.folder = Path(tempfile.mkdtemp(prefix=name + "-"))
        self.apps, self.built = self.folder / "apps", self.folder / "image"
        self.mount = "%s:%s:ro" % (CERTIFICATES, _CA_IN_CONTAINER)
        variables = {
            "ansible_connection": "community.docker.docker",
            "ansible_pipelining": True,
            "ansible_user": "root",
            "pyapps_apps_dir": str(self.apps),
            "pyapps_source": name,
            "pyapps_ca_bundle": _CA_IN_CONTAINER,
            "pyapps_image_name": name,
            "pyapps_image_base": BASE,
            "pyapps_image_folder": str(self.built),
            "image_layout_volumes": [self.mount],
        }
        self.inventory = self.folder / "hosts.json"
        self.inventory.write_text(json.dumps({"all": {"hosts": {self.container: variables}}}))

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
