# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import http.server
import os
import socketserver
import threading
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.host import (
    check_endpoint,
    disk_finding,
    memory_finding,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.settings import Endpoint

MEMINFO = "MemTotal:       1000000 kB\nMemFree:          1000 kB\nMemAvailable:     40000 kB\n"


def disk(available: int, files: int, all_files: int = 1000) -> os.statvfs_result:
    return os.statvfs_result((4096, 4096, 1000, available, available, all_files, files, files, 0, 255))


def test_a_disk_is_nearly_full_by_bytes_or_by_files() -> None:
    assert disk_finding("/srv", disk(100, 100), 5).healthy
    (by_bytes,) = disk_finding("/srv", disk(49, 100), 5).problems
    assert by_bytes == "its disk is nearly full: 4.9 % are free (minimum 5 %)"
    (by_files,) = disk_finding("/srv", disk(100, 10), 5).problems
    assert "table of files" in by_files
    assert len(disk_finding("/srv", disk(0, 0), 5).problems) == 2
    assert disk_finding("/srv", disk(100, 0, all_files=0), 5).healthy, "btrfs has no table of files"


def test_memory_is_what_new_processes_could_have_and_not_what_is_free() -> None:
    assert memory_finding(MEMINFO, 4).healthy
    (problem,) = memory_finding(MEMINFO, 5).problems
    assert problem == "the memory is nearly used up: 4.0 % are available (minimum 5 %)"
    assert memory_finding(MEMINFO, 5).numbers == {"memory_available_ratio": 0.04}


class _Ready(http.server.BaseHTTPRequestHandler):
    """Like cloudflared's readiness: 200 or 503, and a body."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/ready" else 503)
        self.end_headers()
        self.wfile.write(b'{"status":200}\n')

    def address_string(self) -> str:
        return "socket"

    def log_message(self, format: str, *args: t.Any) -> None:
        """Nothing."""


@pytest.fixture
def unix_socket(tmp_path: Path) -> t.Iterator[str]:
    path = str(tmp_path / "s")
    with socketserver.UnixStreamServer(path, _Ready) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield path
        server.shutdown()


@pytest.mark.parametrize(
    ("url", "expected", "problem"),
    [
        ("http://localhost/ready", {}, None),
        ("http://localhost/ready", {"body": '{"status":200}'}, None),
        ("http://localhost/other", {"status": 503}, None),
        ("http://localhost/other", {}, "http://localhost/other answers 503 instead of 200"),
        (
            "http://localhost/ready",
            {"body": "ok"},
            "http://localhost/ready answers '{\"status\":200}' instead of 'ok'",
        ),
    ],
)
def test_an_endpoint_on_a_socket_is_compared(
    unix_socket: str, url: str, expected: dict[str, t.Any], problem: str | None
) -> None:
    """C-01: status and body."""
    finding = check_endpoint(Endpoint("tunnel", url, unix_socket, **expected), 5)
    assert finding.problems == ((problem,) if problem else ())


def test_an_endpoint_without_listener_is_told(tmp_path: Path) -> None:
    (problem,) = check_endpoint(Endpoint("db", "http://localhost/", str(tmp_path / "none")), 5).problems
    assert problem.startswith("Unable to reach http://localhost/: ")
    (problem,) = check_endpoint(Endpoint("tls", "https://127.0.0.1:1/"), 5).problems
    assert "refused" in problem
