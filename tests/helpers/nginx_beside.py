# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An nginx for a host that has another front already, so that both serve the same instances."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import subprocess
from pathlib import Path

from ansible_collections.selfhost.pyapps.plugins.modules import nginx_site, setup_toml
from helpers.fronts import NGINX_CONF
from helpers.modules import run_module
from helpers.processes import free_port, wait_for_port
from helpers.site_host import SiteHost


class NginxBeside:
    """A running nginx with the site that the collection's module writes for the apps of a host."""

    def __init__(self, host: SiteHost) -> None:
        self.port = free_port()
        folder = host.folder / "nginx"
        conf = folder / "etc" / "nginx" / "nginx.conf"
        (conf.parent / "sites-available").mkdir(parents=True)
        (conf.parent / "sites-enabled").mkdir()
        conf.write_text(NGINX_CONF.format(user=_user_of(host.root), root=folder))
        apps = run_module(setup_toml, path=str(host.apps))["apps"]
        site = {"root": str(host.root), "apps": apps, "port": self.port, "address": "127.0.0.1"}
        written = run_module(nginx_site, nginx_dir=str(conf.parent), **site)
        assert written.get("changed"), written
        self._process = self._start(conf, folder / "nginx.log")

    def _start(self, conf: Path, log_file: Path) -> subprocess.Popen[bytes]:
        command = [shutil.which("nginx") or "/usr/sbin/nginx", "-c", str(conf)]
        with log_file.open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_for_port(self.port, process, log_file)
        return process

    def workers(self) -> list[int]:
        """Its worker processes."""
        found = subprocess.run(["pgrep", "-P", str(self._process.pid)], check=True, capture_output=True, text=True)
        return [int(pid) for pid in found.stdout.split()]

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(20)


def _user_of(root: Path) -> str:
    """The directive that lets nginx's workers read a host's tree, which is closed to others unless root owns it."""
    if os.geteuid() != 0:
        return ""
    status = root.stat()
    return "user %s %s;\n" % (pwd.getpwuid(status.st_uid).pw_name, grp.getgrgid(status.st_gid).gr_name)
