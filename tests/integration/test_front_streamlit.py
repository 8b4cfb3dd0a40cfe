# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real Streamlit processes, old and new, behind a real nginx and a real Caddy."""

from __future__ import annotations

import gzip
import itertools
import re
import socket
import threading
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.probe_http import get
from helpers.fronts import Front, entry
from helpers.processes import Streamlit, free_port

VERSIONS = {"old": "1.41.1", "mid": "1.53.0", "new": "1.67.0", "plain-old": "1.41.1", "plain-new": "1.67.0"}
PINNED = ["old", "mid", "new"]
SCRIPT = "import streamlit as st\nst.write('hello')\n"
METRICS = b"active_sessions"


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[dict[str, Streamlit]]:
    found = {}
    for name, version in VERSIONS.items():
        options = ["--server.scriptHealthCheckEnabled=true"]
        found[name] = Streamlit(tmp_path_factory.mktemp(name), version, "/" + name, SCRIPT, *options)
    yield found
    for process in found.values():
        process.close()


@pytest.fixture(scope="module", params=["nginx", "caddy"])
def front(request: pytest.FixtureRequest, processes: dict[str, Streamlit]) -> t.Iterator[Front]:
    apps = [entry(name, pinned=not name.startswith("plain")) for name in VERSIONS]
    front = Front(request.param, apps, server_names=("apps.example",))
    try:
        yield front.start()
    finally:
        front.close()


@pytest.fixture(scope="module")
def pins(front: Front, processes: dict[str, Streamlit]) -> dict[str, str]:
    found = {}
    for name, version in VERSIONS.items():
        found[name] = front.serve_streamlit(name, processes[name].port, version)
        front.go_live(name, found[name])
    return found


def bases(pins: dict[str, str]) -> list[str]:
    """Every way to a process: published, and pinned where the app is."""
    return ["/%s/" % name for name in pins] + ["/%s/~/%s/" % (name, pins[name]) for name in PINNED]


@pytest.mark.parametrize("name", PINNED)
def test_the_page_names_its_instance_and_its_assets_are_all_there(
    front: Front, pins: dict[str, str], name: str
) -> None:
    """S0-62 and the pinned page: nothing of it is asked of the process."""
    page = front.ask("/%s/" % name)
    assert '"/%s/~/%s"' % (name, pins[name]) in page.text
    assert ("window.__streamlit" in page.text) == (name != "old")
    urls = re.findall(r'(?:src|href)="(/_pyapps/[^"]+)"', page.text)
    assert len(urls) >= 4
    assert "./" not in re.findall(r'(?:src|href)="([^"]+)"', page.text)
    for url in urls:
        answer = front.ask(url)
        assert answer.status == 200, url
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        packed = front.ask(url, headers={"Accept-Encoding": "gzip"})
        if packed.headers.get("content-encoding") == "gzip":
            assert len(packed.body) < len(answer.body)
            assert gzip.decompress(packed.body) == answer.body
        else:
            assert len(answer.body) < 300 or not url.endswith((".js", ".css"))
    assert "immutable" not in front.ask(urls[0] + "x").headers.get("cache-control", "")
    assert front.ask(urls[0] + "x").status == 404


def test_health_is_the_process_own_answer(front: Front, pins: dict[str, str]) -> None:
    """S0-65: the body, not the status."""
    for base in bases(pins):
        answer = front.ask(base + "_stcore/health")
        assert (answer.status, answer.text) == (200, "ok"), base


def test_the_stream_opens_for_own_origins_only(front: Front, pins: dict[str, str]) -> None:
    """S0-63, S0-67 (the port of Host is kept), S0-68, C-02, C-03"""
    for base in bases(pins):
        path = base + "_stcore/stream"
        assert front.handshake(path) == 101
        assert front.handshake(path, "http://apps.example:8443", "apps.example:8443") == 101
        assert front.handshake(path, "https://apps.example", "apps.example") == 101
        assert front.handshake(path, "https://evil.example") == 403


def spellings(path: str) -> t.Iterator[str]:
    """The ways to write a path that some server along the way might take for it."""
    yield from (path, path + "/", path + "//", path + "?a", path + "%3F", path + ";a", "/" + path, "./" + path)
    yield from (
        path.replace("/", "//"),
        path.replace("/", "%2F"),
        path.replace("/", "/./"),
        path.replace("/", "%2f%2f"),
    )
    yield from ("x/../" + path, "%2e/" + path, path + "/.", path + "%00", path + "%0a", path + "%20", path + "/x/..")
    yield from (
        path.upper(),
        path.title(),
        path.replace("_", "%5f"),
        path.replace("_", "%255f"),
        path + "%2F",
        path + "#",
    )
    for index, letter in itertools.islice(enumerate(path), 3, 12):
        yield path[:index] + "%%%02X" % ord(letter) + path[index + 1 :]


@pytest.mark.parametrize(
    "name", ["_stcore/metrics", "st-metrics", "_stcore/script-health-check", "script-health-check"]
)
def test_metrics_and_script_runs_are_out_of_reach(
    front: Front, pins: dict[str, str], processes: dict[str, Streamlit], name: str
) -> None:
    """Rule 0, C-14: in any spelling that some Streamlit would accept."""
    at_process = [get("127.0.0.1", process.port, "/%s/%s" % (app, name), 20)[2] for app, process in processes.items()]
    assert any(METRICS in body or body.strip() == b"ok" for body in at_process), "no process answers this itself"
    for base in bases(pins):
        for path in spellings(name):
            if "#" in path:
                continue
            answer = front.ask(base + path)
            assert METRICS not in answer.body, base + path
            assert answer.body.strip() not in (b"ok", b"error"), base + path


def test_an_upload_of_two_megabytes_is_taken_to_the_process(front: Front, pins: dict[str, str]) -> None:
    """S0-69: not 413; a small one shows that it is Streamlit that refuses the session that it does not know."""
    for base in bases(pins):
        path = base + "_stcore/upload_file/no-session/no-file"
        assert front.ask(path, "PUT", body=b"x").status in (400, 403), base
        assert front.put(path, 2 << 20) != 413, base


def test_a_retired_instance_is_410_and_the_next_page_is_the_live_one(
    front: Front, pins: dict[str, str], processes: dict[str, Streamlit]
) -> None:
    """The process still runs; only its marker is gone."""
    second = front.serve_streamlit("new", processes["new"].port, VERSIONS["new"])
    path = "/new/~/%s/_stcore/" % second
    assert front.handshake(path + "stream") == 101
    front.retire("new", second)
    assert front.handshake(path + "stream") == 410
    assert front.ask(path + "health").status == 410
    assert pins["new"] in front.ask("/new/").text


class _Silent:
    """A process that accepts a WebSocket, says nothing until it is spoken to, and never answers other requests."""

    def __init__(self) -> None:
        self.port = free_port()
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                connection, _peer = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    @staticmethod
    def _serve(connection: socket.socket) -> None:
        with connection:
            head = connection.recv(65536)
            if b"stream" in head.partition(b"\r\n")[0]:
                connection.sendall(
                    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
                )
            while data := connection.recv(65536):
                if b"stream" in head.partition(b"\r\n")[0]:
                    connection.sendall(data)

    def close(self) -> None:
        self._listener.close()


@pytest.mark.parametrize("server", ["nginx", "caddy"])
def test_a_silent_stream_outlives_the_time_limit_of_plain_requests(server: str) -> None:
    """S0-63, S0-72: nginx's limit, set to one second here instead of sixty, ends a plain request and no stream."""
    front, silent = Front(server, [entry("app-1")]), _Silent()
    try:
        if server == "nginx":
            conf = Path(front.root, "nginx.conf")
            conf.write_text(conf.read_text().replace("http {", "http {\n    proxy_read_timeout 1s;"))
        pin = front.serve("app-1", silent.port, "page")
        front.go_live("app-1", pin)
        front.start()
        streams = []
        for path in ("/app-1/_stcore/stream", "/app-1/~/%s/_stcore/stream" % pin):
            stream = socket.create_connection(("127.0.0.1", front.port), timeout=20)
            key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13"
            text = "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n%s\r\n\r\n" % (
                path,
                key,
            )
            stream.sendall(text.encode())
            assert stream.recv(65536).startswith(b"HTTP/1.1 101")
            streams.append(stream)
        began = time.monotonic()
        if server == "nginx":
            answer = front.ask("/app-1/_stcore/health")
            assert (answer.status, "does not answer right now" in answer.text) == (503, True)
            assert front.ask("/app-1/~/%s/_stcore/health" % pin).status == 504
        else:
            assert not threading.Event().wait(2)
        assert time.monotonic() - began > 1.5
        for stream in streams:
            stream.sendall(b"hello")
            assert stream.recv(5) == b"hello"
            stream.close()
    finally:
        front.close()
        silent.close()
