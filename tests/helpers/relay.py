# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""This machine's nginx before containers, with a configuration of its own, and what the playbook is told of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import typing as t
from pathlib import Path

from helpers.docker_engine import docker
from helpers.processes import free_port, wait_for_port

NGINX_CONF = """\
user root;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    include {folder}/site*.conf;
}}
"""


class Relay:
    """nginx, which listens once the playbook has written its site.

    :param image: name of the image, of which the playbook makes containers
    :ivar variables: for the playbook
    """

    def __init__(self, image: str) -> None:
        self.image, self.port = image, free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="pyapps-relay-"))
        conf = self.folder / "nginx.conf"
        conf.write_text(NGINX_CONF.format(folder=self.folder))
        nginx = shutil.which("nginx") or "/usr/sbin/nginx"
        self.variables: dict[str, t.Any] = {
            "image_relay_site": str(self.folder / "site.conf"),
            "image_relay_folder": str(self.folder / "links"),
            "image_relay_port": self.port,
            "image_relay_reload": [nginx, "-c", str(conf), "-s", "reload"],
            # Below those that tests beside this one take.
            "image_relay_ports": "9180-9189",
        }
        # Until the playbook has written the site, nginx listens nowhere, and would end.
        (self.folder / "site0.conf").write_text("server { listen 127.0.0.1:%d; }\n" % free_port())
        self._process = subprocess.Popen([nginx, "-c", str(conf)])

    def wait(self) -> None:
        """Until it listens."""
        wait_for_port(self.port, self._process, self.folder / "error.log")

    def close(self) -> None:
        """End it, and remove the containers behind it, with the volumes of their apps."""
        self._process.terminate()
        self._process.wait(20)
        for name in self.containers():
            docker("rm", "--force", "--volumes", name)
        for volume in docker("volume", "ls", "--quiet", "--filter", "name=^%s-" % self.image).split():
            docker("volume", "rm", volume)
        shutil.rmtree(self.folder)

    def live(self) -> str:
        """Name of the container that serves."""
        return "%s-%s" % (self.image, os.path.basename(os.readlink(self.folder / "links" / "live")))

    def containers(self, *flags: str) -> list[str]:
        """Names of those that the playbook has made."""
        found = docker("ps", "--all", "--filter", "label=pyapps=" + self.image, "--format", "{{.Names}}", *flags)
        return sorted(found.split())
