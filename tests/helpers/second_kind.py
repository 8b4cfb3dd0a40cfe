# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets there be a second kind: its table, an app of it, and a host's zipapp that knows it."""

from __future__ import annotations

import os
import typing as t
import zipfile
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.app_files import SETUP
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.schema import Key
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.zipapp import PACKAGE
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.registry import KINDS
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.table import ADDRESS, Folder, Read, Table
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.tables import TABLES
from helpers.plain_kind import PLAIN

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


def add_to_zipapp(path: str) -> None:
    """Let a host's own programs know the kind too: its file, and its row in the registry."""
    room = PACKAGE.replace(".", "/") + "/_kinds/"
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    content[room + "plain_kind.py"] = Path(__file__).with_name("plain_kind.py").read_bytes()
    row = "\nfrom %s._kinds.plain_kind import PLAIN\n\nKINDS[PLAIN.name] = PLAIN\n" % PACKAGE
    content[room + "registry.py"] += row.encode()
    with zipfile.ZipFile(path + ".part", "w") as archive:
        for name, text in content.items():
            archive.writestr(name, text)
    os.rename(path + ".part", path)
