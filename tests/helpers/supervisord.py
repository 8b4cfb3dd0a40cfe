# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real supervisord below a folder of its own, for tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import typing as t
from pathlib import Path

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.zipapp import build
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.rpc import (
    DaemonDownError,
    Process,
    Supervisor,
)

VERSIONS = ("4.3.0", "4.2.5")
"""The wheel's version and Debian bookworm's."""

_CONF = """\
[unix_http_server]
file={socket}
chmod=0700
[supervisord]
logfile={log}/supervisord.log
pidfile={run}/supervisord.pid
childlogdir={log}
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://{socket}
[include]
files=programs/*.conf
"""


SLOW = 4
"""How much longer than usual a machine may take that has much else to do."""


def wait_for(condition: t.Callable[[], t.Any], seconds: float, what: str) -> t.Any:
    """Ask until the answer is true; that answer.

    :param seconds: what is usually enough
    """
    deadline = time.monotonic() + SLOW * seconds
    while time.monotonic() < deadline:
        answer = condition()
        if answer:
            return answer
        time.sleep(0.1)
    raise AssertionError("after %g s not yet: %s" % (SLOW * seconds, what))


def uv(*arguments: str | Path) -> None:
    """Run the uv of the tests' tools."""
    subprocess.run([Path(sys.executable).with_name("uv"), *arguments], check=True, capture_output=True)


def make_environment(folder: Path, *requirements: str) -> Path:
    """An environment of the system's Python; its ``bin``."""
    uv("venv", "--quiet", "--python", "/usr/bin/python3", folder)
    uv("pip", "install", "--quiet", "--python", folder, *requirements)
    return folder / "bin"


def supervisor_environment(folder: Path, version: str) -> Path:
    """An environment with supervisor; its ``bin``."""
    # 4.2.5 imports pkg_resources, which newer setuptools have no more.
    return make_environment(folder, "supervisor==" + version, "setuptools<80")


class Supervisord:
    """A supervisord in the foreground.

    The root folder is made outside pytest's, whose names are too long for a UNIX socket.
    """

    def __init__(self, bin_folder: Path) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="supervisord-"))
        self.root.chmod(0o755)
        self.layout = Layout(str(self.root))
        self.rpc = Supervisor(self.layout.supervisor_socket)
        self._bin = bin_folder
        self._process: subprocess.Popen[bytes] | None = None
        layout = self.layout
        for folder in (layout.programs, layout.run, layout.log, layout.apps, layout.tools):
            os.makedirs(folder)
        values = {"socket": layout.supervisor_socket, "log": layout.log, "run": layout.run}
        Path(layout.supervisor_conf).write_text(_CONF.format(**values))
        os.symlink(bin_folder.parent, os.path.join(layout.tools, "supervisor"))
        Path(layout.zipapp).write_bytes(build())

    def start(self) -> None:
        """Start the daemon and wait until it answers."""
        command = [str(self._bin / "supervisord"), "-n", "-c", self.layout.supervisor_conf]
        environment = {**os.environ, "OF_SUPERVISORD": "secret"}
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
        wait_for(self.is_up, 30, "supervisord answers")

    def is_up(self) -> bool:
        """Whether it answers."""
        try:
            return self.rpc.pid() > 0
        except DaemonDownError:
            return False

    def kill(self) -> None:
        """SIGKILL."""
        assert self._process
        self._process.kill()
        self._process.wait(10)

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        assert self._process
        self._process.terminate()
        return self._process.wait(180)  # fifty apps end one after another, on a machine that has much else to do

    def add(self, name: str, text: str) -> None:
        """Write a program's file and add it."""
        Path(self.layout.program(name)).write_text(text)
        self.rpc.add(name)

    def wait_for_state(self, name: str, state: str, seconds: float = 20) -> Process:
        """Wait until a program is in a state."""

        def reached() -> Process | None:
            process = self.rpc.processes().get(name)
            return process if process and process.state == state else None

        return t.cast(Process, wait_for(reached, seconds, "%s is %s" % (name, state)))

    def close(self) -> None:
        """Stop everything and delete the folder."""
        if self._process and self._process.poll() is None:
            self.stop()
        shutil.rmtree(self.root)
