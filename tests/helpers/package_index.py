# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An index of packages that wants a password, and remembers what it was asked."""

from __future__ import annotations

import base64
import contextlib
import http.server
import threading
import typing as t
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class PackageIndex:
    """A running index.

    :ivar url: with user name and password
    :ivar asked: paths that were asked with the right password
    :ivar refused: paths that were asked without it
    """

    url: str
    asked: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def pages_of(packages: Path) -> type[http.server.SimpleHTTPRequestHandler]:
    """What serves a folder of wheels and source packages: PEP 503 in two sentences."""

    class Pages(http.server.SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = self.path.strip("/").split("/")
            if parts[0] != "simple":
                super().do_GET()
                return
            names = sorted(file.name for file in packages.glob(parts[-1] + "-*"))
            body = "".join('<a href="/files/%s">%s</a>' % (name, name) for name in names).encode()
            self.send_response(200 if names else 404)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def translate_path(self, path: str) -> str:
            return str(packages / Path(path).name)

        def log_message(self, format: str, *args: t.Any) -> None:
            """Nothing."""

    return Pages


@contextlib.contextmanager
def package_index(packages: Path, password: str) -> t.Iterator[PackageIndex]:
    """Serve a folder to whoever knows the password."""
    wanted = "Basic " + base64.b64encode(b"someone:" + password.encode()).decode()

    class Index(pages_of(packages)):  # type: ignore[misc]
        def do_GET(self) -> None:  # noqa: N802
            if self.headers["Authorization"] == wanted:
                index.asked.append(self.path)
                super().do_GET()
            else:
                index.refused.append(self.path)
                self.send_error(401)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Index) as server:
        index = PackageIndex("http://someone:%s@127.0.0.1:%d/simple" % (password, server.server_address[1]))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield index
        server.shutdown()
