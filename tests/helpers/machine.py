# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine with accounts of its own, for tests that make and remove users: a container that is thrown away."""

from __future__ import annotations

import json
import os
import subprocess
import typing as t
from pathlib import Path

import ansible
from helpers.docker_engine import docker

CHECKOUT = Path(__file__).resolve().parents[2]
IMAGE = "pyapps-test-base:trixie"

_CALL = """\
import importlib, json, os, sys
from helpers.modules import run_module
name, umask, arguments = json.load(sys.stdin)
os.umask(umask)
module = importlib.import_module("ansible_collections.selfhost.pyapps.plugins.modules." + name)
print(json.dumps(run_module(module, **arguments)))
"""


class Machine:
    """A bare Debian with this checkout's collection, as root; :meth:`close` removes it."""

    def __init__(self) -> None:
        packages = Path(ansible.__file__).parents[1]
        mounts = {CHECKOUT, packages.resolve()}
        paths = [CHECKOUT / "collections", CHECKOUT / "tests", packages.resolve()]
        command = ["run", "--detach", "--rm", "--init", "--entrypoint=/bin/sleep"]
        command += ["--volume=%s:%s:ro" % (path, path) for path in sorted(mounts)]
        command += ["--env=PYTHONPATH=" + os.pathsep.join(map(str, paths)), "--env=PYTHONDONTWRITEBYTECODE=1"]
        self._name = docker(*command, IMAGE, "infinity")

    def close(self) -> None:
        docker("rm", "--force", self._name)

    def run(self, command: str, user: str = "root") -> str:
        """What a shell command prints; it must succeed."""
        return docker("exec", "--user", user, self._name, "sh", "-euc", command)

    def can(self, user: str, command: str) -> bool:
        """Whether a command succeeds for a user."""
        done = subprocess.run(["docker", "exec", "--user", user, self._name, "sh", "-c", command], capture_output=True)
        return done.returncode == 0

    def module(self, name: str, umask: int = 0o022, **arguments: t.Any) -> dict[str, t.Any]:
        """What a module of ours returns there."""
        given = json.dumps([name, umask, {"root": "/", **arguments}])
        command = ["docker", "exec", "--interactive", self._name, "python3", "-c", _CALL]
        done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return t.cast("dict[str, t.Any]", json.loads(done.stdout))

    def accounts(self) -> str:
        """Every account, as root reads it."""
        return self.run("cat /etc/passwd /etc/group /etc/shadow")

    def uid(self, user: str) -> int:
        return int(self.run("id -u %s" % user))
