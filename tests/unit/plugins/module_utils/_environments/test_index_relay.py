# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the relay makes of an index's pages, and to whom it tells the password; builds use it in tests/hostile."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import json
import socket
import threading
import typing as t

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.index_relay import (
    Relay,
    _Server,
    files_of_html,
    without_credentials,
)

HTML = """<!DOCTYPE html><base href="/files/">
<a href="a-1.0-py3-none-any.whl#sha256=12" data-requires-python="&gt;=3.9" data-core-metadata="sha256=34">a</a>
<a href="https://other.example/a%2Bb-1.0.tar.gz" data-yanked="broken">b</a><a data-yanked href="c.whl">c</a><a>none</a>
"""


class Answer(t.NamedTuple):
    """What a server says to everything."""

    status: int
    headers: dict[str, str]
    body: str


@contextlib.contextmanager
def server(answer: Answer) -> t.Iterator[tuple[str, list[tuple[str, str | None]]]]:
    """Its host and port, and the paths that it is asked for, each with the header Authorization."""
    asked: list[tuple[str, str | None]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers["Authorization"]))
            self.send_response(answer.status)
            for header in answer.headers.items():
                self.send_header(*header)
            self.end_headers()
            self.wfile.write(answer.body.encode())

        def log_message(self, format: str, *args: t.Any) -> None:
            """Nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield "127.0.0.1:%d" % running.server_address[1], asked
        running.shutdown()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def test_a_page_in_html_is_read() -> None:
    """PEP 503 with what was added to it later; a link without an address is none."""
    assert files_of_html(HTML, "https://index.example/simple/a/") == [
        {
            "filename": "a-1.0-py3-none-any.whl",
            "url": "https://index.example/files/a-1.0-py3-none-any.whl",
            "hashes": {"sha256": "12"},
            "requires-python": ">=3.9",
            "core-metadata": {"sha256": "34"},
        },
        {
            "filename": "a+b-1.0.tar.gz",
            "url": "https://other.example/a%2Bb-1.0.tar.gz",
            "hashes": {},
            "yanked": "broken",
        },
        {"filename": "c.whl", "url": "https://index.example/files/c.whl", "hashes": {}, "yanked": True},
    ]


def test_credentials_become_a_header() -> None:
    assert without_credentials("https://a%40b:c@index.example:8443/simple") == (
        "https://index.example:8443/simple",
        "Basic YUBiOmM=",
    )
    assert without_credentials("https://index.example/simple") == ("https://index.example/simple", None)


def test_a_pages_links_lead_to_the_relay_and_only_they_are_known() -> None:
    """A page in JSON keeps what the relay does not know."""
    file = {"filename": "a-1.0.tar.gz", "url": "../../files/a-1.0.tar.gz", "hashes": {}, "size": 7}
    page = Answer(200, {"Content-Type": "application/vnd.pypi.simple.v1+json"}, json.dumps({"x": 1, "files": [file]}))
    with server(page) as (host, asked):
        relay = Relay(["http://me:word@%s/simple" % host], "/prefix")
        document = json.loads(relay.page("0/a/") or b"null")
    assert asked == [("/simple/a/", "Basic bWU6d29yZA==")]
    (entry,) = document["files"]
    assert (document["x"], entry["size"]) == (1, 7)
    key = entry["url"][len("/prefix/file/") :].split("/")[0]
    assert entry["url"] == "/prefix/file/%s/a-1.0.tar.gz" % key
    assert relay.file("%s/a-1.0.tar.gz" % key) == "http://%s/files/a-1.0.tar.gz" % host
    assert relay.file("%s/a-1.0.tar.gz.metadata" % key) == "http://%s/files/a-1.0.tar.gz.metadata" % host
    assert relay.file("0/a-1.0.tar.gz") is None


@pytest.mark.parametrize("path", ["", "0", "1/a", "-1/a", "0/", "0/../a", "0/a/b", "0/a?b", "0/%2e%2e", "x/a"])
def test_what_is_not_the_page_of_a_package_is_not_asked_for(path: str) -> None:
    assert Relay(["http://127.0.0.1:1/simple"], "/prefix").page(path) is None


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://index.example/a.whl", "data:,a"])
def test_a_link_to_anything_but_http_is_refused(url: str) -> None:
    body = json.dumps({"files": [{"filename": "a.whl", "url": url, "hashes": {}}]})
    with (
        server(Answer(200, {"Content-Type": "application/json"}, body)) as (host, _asked),
        pytest.raises(ValueError, match="has a link to"),
    ):
        Relay(["http://%s/simple" % host], "/prefix").page("0/a")


def test_the_password_follows_no_redirection_to_another_server() -> None:
    page = Answer(200, {"Content-Type": "application/json"}, '{"files": []}')
    with contextlib.ExitStack() as stack:
        other, asked = stack.enter_context(server(page))
        host, first = stack.enter_context(server(Answer(302, {"Location": "http://%s/simple/a/" % other}, "")))
        assert Relay(["http://me:word@%s/simple" % host], "/prefix").page("0/a")
    assert first == [("/simple/a/", "Basic bWU6d29yZA==")]
    assert asked == [("/simple/a/", None)]


class _SlowRelay(Relay):
    """Says whether there was room when it was asked for a page."""

    def __init__(self) -> None:
        super().__init__(["http://index.example/simple"], "/p")
        self.room = False
        self.asked: list[bool] = []

    def page(self, path: str) -> bytes | None:
        self.asked.append(self.room)
        return b"{}"


def test_few_pages_are_in_memory_at_once() -> None:
    """A build could ask for the largest ones a hundred times, and read none."""
    relay = _SlowRelay()
    listener = socket.create_server(("127.0.0.1", 0))
    host, port = listener.getsockname()
    with _Server(listener, relay) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        for _page in range(8):
            assert running.pages.acquire(blocking=False)
        assert not running.pages.acquire(blocking=False)
        waiting, other = (http.client.HTTPConnection(host, port, timeout=60) for _number in range(2))
        waiting.request("GET", "/p/0/large/")
        other.request("GET", "/p/file/0/unknown")
        assert other.getresponse().status == 404
        relay.room = True
        running.pages.release()
        assert waiting.getresponse().read() == b"{}"
        assert relay.asked == [True]
        for connection in (waiting, other):
            connection.close()
        running.shutdown()


def test_who_hangs_up_is_no_fault_of_the_index(capsys: pytest.CaptureFixture[str]) -> None:
    """uv leaves when it has seen enough; the last complaint is told as the reason of a failed build."""

    class LargeRelay(Relay):
        def page(self, path: str) -> bytes | None:
            return b"x" * (64 << 20)

    listener = socket.create_server(("127.0.0.1", 0))
    with _Server(listener, LargeRelay(["http://index.example/simple"], "/p")) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        with socket.create_connection(listener.getsockname()) as client:
            client.sendall(b"GET /p/0/a/ HTTP/1.1\r\nHost: x\r\n\r\n")
            client.recv(1)
        assert running.pages.acquire(timeout=60)
        running.shutdown()
    assert capsys.readouterr().err == ""
