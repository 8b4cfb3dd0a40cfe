# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kind of the tests' own: a script that serves plain HTTP, on a port or on a socket."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.app_files import SETUP
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.schema import Key
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.base import Kind
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.registry import KINDS
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.table import ADDRESS, Folder, Read, Table
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.tables import TABLES

SCRIPT = """\
import http.server, socketserver, sys

class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"well" if self.path.endswith("/health") else self.path.encode())

    def address_string(self):
        return "somebody"

port, path = sys.argv[1:]
if path:
    socketserver.UnixStreamServer(path, Answers).serve_forever()
socketserver.TCPServer(("127.0.0.1", int(port)), Answers).serve_forever()
"""

PLAIN = Kind(
    name="plain",
    start_command=lambda settings, python, endpoint: [
        *(python, settings["plain"]["script"]),
        *(str(endpoint.port or ""), endpoint.path),
    ],
    health_path=lambda settings: settings["base_path"] + "/health",
    health_body="well",
    entry_file=lambda settings: str(settings["plain"]["script"]),
    process_keys=("script",),
    stop_signal="INT",
)


def _read(table: t.Mapping[str, t.Any], folder: Folder) -> Read:
    return Read({"script": table["script"]}, [table["script"]], 10)


TABLE = Table(
    key=Key(
        "plain",
        "table",
        "A script that serves HTTP.",
        keys=(Key("script", "string", "Is started.", required=True, pattern=r"\w+\.py", example="a.py"), *ADDRESS),
    ),
    read=_read,
    template=lambda name, title: {SETUP: '[plain]\nscript = "app.py"\n', "app.py": SCRIPT},
)


def add_plain_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let there be this kind for one test; nothing else has to be told of it."""
    monkeypatch.setitem(KINDS, PLAIN.name, PLAIN)
    monkeypatch.setitem(TABLES, PLAIN.name, TABLE)
