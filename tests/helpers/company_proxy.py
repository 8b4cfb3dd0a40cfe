# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An index of packages behind a company's proxy, which opens TLS with an authority of its own."""

from __future__ import annotations

import contextlib
import http.server
import ssl
import subprocess
import threading
import typing as t
from pathlib import Path

from helpers.package_index import pages_of

INDEX = "https://packages.test/simple"
"""Only the proxy knows this name."""


@contextlib.contextmanager
def company_proxy(folder: Path, wheels: Path) -> t.Iterator[tuple[str, str]]:
    """Serve a folder of wheels as :data:`INDEX` through a proxy; its URL, and the file of its authority.

    :param folder: for keys and certificates
    """
    authority, context = _certificates(folder)

    index = pages_of(wheels)

    class Proxy(http.server.BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.close_connection = True
            with contextlib.suppress(OSError):  # a client that does not trust us hangs up
                index(context.wrap_socket(self.connection, server_side=True), self.client_address, self.server)

        def log_message(self, format: str, *args: t.Any) -> None:
            """Nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield "http://127.0.0.1:%d" % server.server_address[1], str(authority)
        server.shutdown()


def _certificates(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """An authority, and a server's certificate of it."""
    authority, key, request, certificate = (folder / name for name in ("ca.pem", "key.pem", "request.pem", "cert.pem"))
    new = ["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    _run(*new, "-x509", "-keyout", folder / "ca.key", "-out", authority, "-subj", "/CN=A company")
    _run(*new, "-keyout", key, "-out", request, "-subj", "/CN=packages.test")
    (folder / "names").write_text("subjectAltName=DNS:packages.test\n")
    sign = ["openssl", "x509", "-req", "-days", "2", "-CA", authority, "-CAkey", folder / "ca.key", "-CAcreateserial"]
    _run(*sign, "-in", request, "-out", certificate, "-extfile", folder / "names")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return authority, context


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=60)
