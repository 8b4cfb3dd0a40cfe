# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A person at a machine with a clean clone; the machine is a container."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass


@dataclass
class Person:
    """Runs commands in the container, in the clone."""

    container: str
    user: str
    home: str

    @property
    def clone(self) -> str:
        """The clone's folder: a path with a space, as people have them."""
        return self.home + "/my apps/pyapps"

    @property
    def demo(self) -> str:
        """Where ``make demo`` puts everything."""
        return "/var/tmp/pyapps-demo" if self.user == "root" else self.clone + "/.demo"

    def run(self, command: str, user: str = "", answer: str = "") -> subprocess.CompletedProcess[str]:
        """Run a shell command in the clone; ``answer`` is what is typed."""
        words = ["docker", "exec", "-i", "--user", user or self.user, "--workdir", self.clone]
        words += ["--env", "HOME=" + self.home, self.container, "bash", "-c", command]
        return subprocess.run(words, input=answer, capture_output=True, text=True, timeout=600)

    def succeed(self, command: str, user: str = "") -> str:
        """Run a command that must succeed, and return what it prints."""
        done = self.run(command, user)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def get(self, path: str, port: int = 8080) -> str:
        """What a visitor of this machine gets; the empty string for no answer."""
        return self.run("curl --silent --max-time 10 http://localhost:%d%s" % (port, path)).stdout
