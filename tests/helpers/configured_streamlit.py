# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Streamlit, started in a folder with the configuration that a release would get."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
import typing as t
from pathlib import Path

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.probe_http import ProbeError, get
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.probe_websocket import handshake
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.generator import HostOptions
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.page_check import Seen
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit.config import (
    config_options,
    config_text,
    installed_streamlit,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit.visitor import visit
from helpers.environments import environment
from helpers.release_target import catalog_entry

HELLO = "import streamlit as st\n\nst.write('hello')\n"


class Running(t.NamedTuple):
    """A Streamlit with a generated configuration."""

    port: int
    log: Path

    def status(self, origin: str | None, host: str = "apps.example.com") -> int:
        """Of a WebSocket handshake."""
        return handshake("127.0.0.1", self.port, "/app/_stcore/stream", host_header=host, origin=origin, timeout=20)

    def run_script(self) -> Seen:
        """What a visitor sees."""
        return visit(self.port, "/app/_stcore/stream", "http://localhost:%d/app/" % self.port, 30)


@contextlib.contextmanager
def running(folder: Path, version: str, public_url: str, script: str = HELLO, **settings: t.Any) -> t.Iterator[Running]:
    """Start a script at ``/app`` on a free port.

    :param settings: tables of the app's entry in the catalog
    """
    home = environment("streamlit", version)
    app = catalog_entry("app", folder, **settings)
    options = config_options(app, HostOptions(public_url), installed_streamlit(str(home), version))
    (folder / ".streamlit").mkdir(exist_ok=True)
    (folder / ".streamlit" / "config.toml").write_text(config_text(options))
    (folder / "app.py").write_text(script)
    port, log = _free_port(), folder / "log"
    command = [home / "bin" / "python", "-m", "streamlit", "run", "app.py", "--server.port=%d" % port]
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
    try:
        _wait_until_healthy(port, process, log)
        yield Running(port, log)
    finally:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_healthy(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(ProbeError):
            if get("127.0.0.1", port, "/app/_stcore/health", 5)[2] == b"ok":
                return
        time.sleep(0.1)
    raise AssertionError(log.read_text())
