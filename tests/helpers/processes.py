# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes behind a front: real Streamlit, and an echo that tells what reached it."""

from __future__ import annotations

import http.server
import json
import secrets
import socket
import subprocess
import threading
import time
import typing as t
from pathlib import Path

from helpers.environments import environment


def free_port() -> int:
    """A port that nobody listens on, below those that the kernel gives to outgoing connections."""
    while True:
        port = 12000 + secrets.randbelow(20000)
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError:
            continue


def wait_for_port(port: int, process: subprocess.Popen[bytes], log: Path, seconds: float = 60) -> None:
    """Wait until a process listens; fail with its log when it ends or takes too long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("no listener on port %d:\n%s" % (port, log.read_text()[-3000:]))


class Streamlit:
    """A real Streamlit that serves one script below a base path.

    :param options: further options, such as ``--server.maxUploadSize=1``
    :param port: to listen on; None takes a free one
    """

    def __init__(
        self, folder: Path, version: str, base: str, script: str, *options: str, port: int | None = None
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "app.py").write_text(script)
        self.port = port or free_port()
        command = [
            str(environment("streamlit", version) / "bin" / "python"),
            *("-m", "streamlit", "run", "app.py"),
            "--server.port=%d" % self.port,
            "--server.address=127.0.0.1",
            "--server.baseUrlPath=%s" % base.strip("/"),
            "--server.headless=true",
            "--server.fileWatcherType=none",
            "--browser.gatherUsageStats=false",
            "--browser.serverAddress=localhost",
            *options,
        ]
        self.log = folder / "streamlit.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        wait_for_port(self.port, self.process, self.log)

    def close(self) -> None:
        self.process.kill()
        self.process.wait(20)


class _EchoHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        # A body that is broken off ends with an empty read.
        while size > 0 and (part := self.rfile.read(min(size, 65536))):
            size -= len(part)
        content = json.dumps(
            {
                "name": t.cast(Echo, self.server).name,
                "path": self.path,
                "headers": [[name.lower(), value] for name, value in self.headers.items()],
            }
        ).encode()
        self.send_response(200)
        for name, value in t.cast(Echo, self.server).extra_headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def __getattr__(self, name: str) -> t.Any:
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def log_message(self, format: str, *args: t.Any) -> None:
        """Nothing: a test says what it has seen."""


class Echo(http.server.ThreadingHTTPServer):
    """A process that answers with what reached it, and with its name."""

    daemon_threads = True

    def __init__(self, name: str = "echo", **extra_headers: str) -> None:
        super().__init__(("127.0.0.1", free_port()), _EchoHandler)
        self.name, self.extra_headers = name, extra_headers
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        return self.server_address[1]

    def close(self) -> None:
        self.shutdown()
        self.server_close()
