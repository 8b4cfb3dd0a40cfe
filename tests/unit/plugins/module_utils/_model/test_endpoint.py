# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import http.server
import socketserver
import threading
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.probe_http import ProbeRefusedError
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.endpoint import Endpoint


class Says(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.path.encode())

    def address_string(self) -> str:
        return "somebody"

    def log_message(self, format: str, *args: t.Any) -> None:
        pass


def served(server: socketserver.BaseServer, endpoint: Endpoint) -> tuple[int, bytes]:
    with server:
        answering = threading.Thread(target=server.handle_request)
        answering.start()
        try:
            return endpoint.get("/x", 5)
        finally:
            answering.join()


def test_a_port_and_a_socket_are_asked_alike(tmp_path: Path) -> None:
    tcp = socketserver.TCPServer(("127.0.0.1", 0), Says)
    assert served(tcp, Endpoint(tcp.server_address[1])) == (200, b"/x")
    path = str(tmp_path / "s")
    assert served(socketserver.UnixStreamServer(path, Says), Endpoint(path=path)) == (200, b"/x")


def test_where_nobody_listens_a_question_is_refused(tmp_path: Path) -> None:
    (tmp_path / "s").touch()
    with pytest.raises(ProbeRefusedError):
        Endpoint(path=str(tmp_path / "s")).get("/x", 5)


def test_it_is_told_in_words() -> None:
    assert str(Endpoint(20000)) == "port 20000"
    assert str(Endpoint(path="/run/x")) == "socket /run/x"


@pytest.mark.parametrize(("port", "path"), [(None, ""), (20000, "/run/x"), (None, "run/x")])
def test_it_is_one_of_the_two(port: int | None, path: str) -> None:
    with pytest.raises(ValueError, match="endpoint"):
        Endpoint(port, path)
