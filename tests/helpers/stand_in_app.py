# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An app that is live without supervisor, users and Streamlit: files on the disk, and a server that answers like it."""

from __future__ import annotations

import base64
import hashlib
import http.server
import json
import os
import threading
import typing as t
from pathlib import Path

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_record import InstanceRecord

INSTANCE, RELEASE = "0" * 31 + "1", "1" * 16


class StandInApp(http.server.ThreadingHTTPServer):
    """A process that is well; use it in a ``with`` block.

    :ivar health: what it answers when it is asked how it is
    :ivar handshakes: status by origin; 403 for all others
    :ivar sessions: how many it says are open
    :ivar asked: the paths that it was asked for
    """

    daemon_threads = True

    def __init__(self, base_path: str, *origins: str, port: int = 0) -> None:
        app = self
        self.sessions = 0
        self.base_path = base_path
        self.health = (200, "ok")
        self.asked: list[str] = []
        self.handshakes = dict.fromkeys(origins, 101)

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                app.asked.append(self.path)
                if self.path == app.base_path + "/_stcore/health":
                    self._answer(*app.health)
                elif self.path == app.base_path + "/_stcore/stream":
                    self._answer(app.handshakes.get(self.headers.get("Origin") or "", 403), "")
                elif self.path.startswith(app.base_path + "/_stcore/metrics"):
                    self._answer(200, "active_sessions %d\n" % app.sessions)
                else:
                    self._answer(404, "")

            def _answer(self, status: int, body: str) -> None:
                self.send_response(status)
                if status == 101:
                    self.send_header("Upgrade", "websocket")
                    self.send_header("Connection", "Upgrade")
                    key = (self.headers.get("Sec-WebSocket-Key") or "") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
                    digest = hashlib.sha1(key.encode(), usedforsecurity=False).digest()
                    self.send_header("Sec-WebSocket-Accept", base64.b64encode(digest).decode())
                self.end_headers()
                self.wfile.write(body.encode())
                self.close_connection = True

            def log_message(self, format: str, *args: t.Any) -> None:
                """Nothing."""

        super().__init__(("127.0.0.1", port), Handler)
        self.handshakes["http://localhost:%d" % self.port] = 101
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def __exit__(self, *arguments: t.Any) -> None:
        self.shutdown()
        super().__exit__(*arguments)

    @property
    def port(self) -> int:
        return int(self.server_address[1])


def go_live(
    layout: Layout, name: str, port: int, instance: str = INSTANCE, release: str = RELEASE, **settings: t.Any
) -> InstanceRecord:
    """Everything on the disk that a live instance has."""
    app = layout.app(name)
    for folder in (app.instances, app.marker(instance, port), app.code(release), layout.programs, layout.log):
        os.makedirs(folder, exist_ok=True)
    record = InstanceRecord(name, instance, port, release, "2026-11-21T00:00:00Z")
    Path(app.instance(instance)).write_text(record.to_json())
    if os.path.lexists(app.live):
        os.unlink(app.live)
    os.symlink("serving/%s.%d" % (instance, port), app.live)
    Path(layout.program(record.program)).write_text("")
    content = {"name": name, "kind": "streamlit", "base_path": "/" + name, "data": {"paths": []}, **settings}
    Path(app.release(release), "release.json").write_text(
        json.dumps({"release": release, "environment": "e" * 16, "settings": content})
    )
    return record
