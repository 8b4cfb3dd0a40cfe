# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a hostile visitor, page or app cannot do through a front; a real nginx and a real Caddy."""

from __future__ import annotations

import json
import os
import typing as t

import pytest
from helpers.fronts import Front, entry
from helpers.processes import Echo

FORGED = {
    "X-Forwarded-For": "6.6.6.6",
    "X-Real-IP": "6.6.6.6",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Port": "666",
    "X-Forwarded-Prefix": "/evil",
    "X-Forwarded-Ssl": "on",
    "X-Forwarded-Protocol": "ssl",
    "X-Forwarded-Scheme": "https",
    "X-Forwarded-Server": "evil.example",
    "Forwarded": "for=6.6.6.6;proto=https;host=evil.example",
    "X-User": "root",
}
TRUSTED_HEADERS = {"server.trustedUserHeaders": '{"X-User": "name", "X-Forwarded-For": "ip"}'}


@pytest.fixture(scope="module", params=["nginx", "caddy"])
def server(request: pytest.FixtureRequest) -> str:
    return t.cast(str, request.param)


@pytest.fixture(scope="module")
def echo() -> t.Iterator[Echo]:
    echo = Echo("echo", **{"X-Accel-Redirect": "/_pyapps/unavailable.html", "X-App": "yes"})
    yield echo
    echo.close()


def serve(front: Front, echo: Echo) -> Front:
    for name, app in front.apps.items():
        front.go_live(name, front.serve(name, echo.port, "page" if app["route"]["pinned"] else None))
    return front.start()


@pytest.fixture(scope="module")
def front(server: str, echo: Echo) -> t.Iterator[Front]:
    """Nobody is trusted."""
    apps = [entry("pinned", config=TRUSTED_HEADERS), entry("plain", pinned=False, config=TRUSTED_HEADERS)]
    front = Front(server, apps, server_names=("apps.example",))
    try:
        yield serve(front, echo)
    finally:
        front.close()


@pytest.fixture(scope="module")
def behind_proxy(server: str, echo: Echo) -> t.Iterator[Front]:
    """The peer is a trusted proxy; an origin of the host and one of an app are allowed."""
    apps = [entry("pinned", config=TRUSTED_HEADERS, allowed_origins=["https://partner.example:8443"]), entry("other")]
    front = Front(
        server, apps, trusted_proxies=("127.0.0.0/8", "10.0.0.0/8"), public_origins=("https://apps.example.com",)
    )
    try:
        yield serve(front, echo)
    finally:
        front.close()


def paths(front: Front) -> list[str]:
    """Pinned, published and unpinned paths to a process."""
    found = ["/%s/_stcore/health" % name for name in front.apps]
    pin = front.layout.app("pinned")
    with_pin = "/pinned/~/%s/_stcore/health" % pin_of(pin.live)
    return [*found, with_pin]


def pin_of(live: str) -> str:
    return os.path.basename(os.readlink(live))


def seen(front: Front, path: str, headers: dict[str, str]) -> dict[str, str]:
    """The headers that reached the process; none may be there twice."""
    pairs = json.loads(front.ask(path, headers=headers).text)["headers"]
    names = [name for name, _value in pairs]
    assert sorted(set(names)) == sorted(names)
    return dict(pairs)


class TestForwardedHeaders:
    def test_a_visitor_cannot_forge_any(self, front: Front) -> None:
        """S2-30, C-13"""
        for path in paths(front):
            headers = seen(front, path, {**FORGED, "Host": "apps.example:%d" % front.port})
            assert headers["x-forwarded-for"] == headers["x-real-ip"] == "127.0.0.1"
            assert headers["x-forwarded-proto"] == "http"
            assert headers["x-forwarded-host"] == headers["host"] == "apps.example:%d" % front.port
            rest = {name.lower() for name in FORGED} - {"x-forwarded-for", "x-real-ip"}
            assert not {"x-forwarded-proto", "x-forwarded-host"} ^ (rest & set(headers))

    def test_a_header_with_underscores_is_not_taken_for_one_with_dashes(self, front: Front) -> None:
        """WSGI servers see no difference between the two."""
        headers = seen(front, "/pinned/_stcore/health", {"X_Forwarded_Proto": "https", "X_User": "root"})
        if front.server == "nginx":
            assert not {"x_forwarded_proto", "x_user"} & set(headers)
        assert headers["x-forwarded-proto"] == "http"
        assert "x-user" not in headers

    def test_a_trusted_proxy_says_for_whom_and_how(self, behind_proxy: Front) -> None:
        """A tunnel's ``X-Forwarded-Proto: https`` must survive; C-13 for the rest."""
        given = {**FORGED, "X-Forwarded-For": "1.2.3.4, 203.0.113.9, 10.1.2.3"}
        for path in paths(behind_proxy):
            headers = seen(behind_proxy, path, given)
            assert headers["x-forwarded-proto"] == "https"
            assert headers["x-real-ip"] == headers["x-forwarded-for"] == "203.0.113.9"
            assert headers["x-forwarded-host"] == headers["host"]
            if "pinned" in path:
                assert headers["x-user"] == "root"
            assert not {"forwarded", "x-forwarded-prefix", "x-forwarded-ssl", "x-forwarded-port"} & set(headers)

    def test_a_strange_protocol_is_not_handed_on(self, behind_proxy: Front) -> None:
        """Only the two words that there are."""
        headers = seen(behind_proxy, "/pinned/_stcore/health", {"X-Forwarded-Proto": 'https"><script>'})
        assert headers["x-forwarded-proto"] in ("http", "https")
        headers = seen(behind_proxy, "/pinned/_stcore/health", {"X-Forwarded-Proto": "gopher"})
        assert headers["x-forwarded-proto"] == "http"

    def test_the_port_in_host_is_kept(self, front: Front) -> None:
        """S0-67, C-02: without it Streamlit refuses every browser on such a port."""
        for path in paths(front):
            assert seen(front, path, {"Host": "localhost:8443"})["host"] == "localhost:8443"

    def test_plain_requests_upgrade_nothing(self, front: Front) -> None:
        """S0-66, X9; another protocol than WebSocket is never asked for."""
        for path in paths(front):
            for headers in ({}, {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMA"}):
                arrived = seen(front, path, headers)
                assert "upgrade" not in arrived
                assert arrived.get("connection", "close") == "close"

    def test_an_app_cannot_send_the_front_to_its_own_files(self, front: Front) -> None:
        """``X-Accel-Redirect`` of an app is no order."""
        for path in paths(front):
            assert "headers" in front.ask(path).text


class TestBlockedPaths:
    @pytest.mark.parametrize("name", ["_stcore/metrics", "_stcore/script-health-check", "st-metrics"])
    def test_they_are_404_in_every_spelling(self, front: Front, name: str) -> None:
        """Rule 0, C-14"""
        spelled = [name, name + "/", name + "?x=1", "/" + name, name.upper(), name.replace("s", "%73"), "./" + name]
        spelled += [name.replace("/", "//"), name.replace("_", "%5F"), name.replace("/", "%2F"), "x/../" + name]
        spelled += [name.replace("c", "%63").replace("m", "%6D"), name + "//", name + "/.", name.title()]
        for base in ("/pinned/", "/plain/", "/pinned/~/%s/" % pin_of(front.layout.app("pinned").live)):
            for path in spelled:
                answer = front.ask(base + path)
                assert answer.status in (400, 404) or "path" not in answer.text, base + path
                assert answer.headers.get("x-app") is None, base + path


class TestOrigins:
    def test_own_and_no_origin_are_let_in(self, front: Front) -> None:
        """C-03: scheme does not matter, host and port do; programs send none."""
        host = "apps.example:%d" % front.port
        for origin in (None, "http://" + host, "https://" + host, "HTTP://Apps.Example:%d" % front.port):
            assert not refused(front, "/pinned/_stcore/stream", origin, host)

    @pytest.mark.parametrize(
        "origin",
        [
            "http://evil.example",
            "null",
            "file://",
            "http://apps.example",
            "http://apps.example:1",
            "http://x.apps.example:{port}",
            "http://appsXexample:{port}",
            "http://apps.example:{port}.evil.example",
            "http://apps.example:{port}@evil.example",
            "http://evil.example/http://apps.example:{port}",
            "https://partner.example:8443",
        ],
    )
    def test_foreign_ones_are_403_before_they_reach_the_process(self, front: Front, origin: str) -> None:
        """Rule 0, S0-68, C-03: one that reaches Streamlit can hold up all sessions for 2 s."""
        host = "apps.example:%d" % front.port
        pin = pin_of(front.layout.app("pinned").live)
        for path in ("/pinned/", "/plain/", "/pinned/~/%s/" % pin):
            for end in ("_stcore/stream", "_stcore//stream", "_stcore/stream/", "_stcore/%73tream", "_STCORE/stream"):
                answer = upgrade(front, path + end, origin.format(port=front.port), host)
                assert b"X-App" not in answer, (path, end)
                assert end != "_stcore/stream" or answer.startswith(b"HTTP/1.1 403"), (path, answer[:99])

    def test_listed_ones_are_let_in(self, behind_proxy: Front) -> None:
        """Public origins for every app, an app's own for it alone; no partial match."""
        stream = "/pinned/_stcore/stream"
        for origin in ("https://apps.example.com", "https://partner.example:8443", "https://PARTNER.example:8443"):
            assert not refused(behind_proxy, stream, origin)
        for origin in ("http://apps.example.com", "https://appsXexample.com", "https://apps.example.com:8443"):
            assert refused(behind_proxy, stream, origin)
        assert refused(behind_proxy, "/other/_stcore/stream", "https://partner.example:8443")


def upgrade(front: Front, path: str, origin: str | None, host: str) -> bytes:
    """A browser's handshake, raw; the echo answers it with 200, which is enough to know that it was reached."""
    lines = ["GET %s HTTP/1.1" % path, "Host: " + host, "Connection: Upgrade", "Upgrade: websocket"]
    lines += ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"]
    if origin is not None:
        lines.append("Origin: " + origin)
    return front.raw_head("\r\n".join([*lines, "", ""]).encode())


def refused(front: Front, path: str, origin: str | None, host: str | None = None) -> bool:
    answer = upgrade(front, path, origin, host or "127.0.0.1:%d" % front.port)
    return answer.startswith(b"HTTP/1.1 403")


class TestHostileRequests:
    @pytest.mark.parametrize(
        "line", ["%0d%0aX-Evil:%20yes", "%0aX-Evil:%20yes", "a%0d%0a%0d%0aHTTP/1.1", "%250d%250aX"]
    )
    def test_a_redirect_cannot_be_split(self, front: Front, line: str) -> None:
        """A decoded line end in ``Location`` would be a header of the visitor's making."""
        pin = pin_of(front.layout.app("pinned").live)
        for path in ("/pinned/~/%s/%s" % (pin, line), "/pinned?%s" % line, "/pinned/~/%s?%s" % (pin, line)):
            answer = front.ask(path)
            assert answer.status in (301, 302, 404)
            assert "x-evil" not in answer.headers
            if answer.status != 404:
                assert answer.headers["location"].startswith("/pinned/")

    @pytest.mark.parametrize(
        "path",
        [
            "/_pyapps/",
            "/_pyapps/unavailable.html",
            "/_pyapps/streamlit/",
            "/_pyapps/streamlit/environments/x",
            "/_pyapps/streamlit/../../etc/pyapps/catalog.json",
            "/_pyapps/streamlit/streamlit-../../front/index.html",
            "/_pyapps/streamlit/streamlit-x/..%2f..%2ffront/index.html",
            "/pinned/..%2f..%2f..%2fetc/passwd",
        ],
    )
    def test_no_file_but_assets_and_pages_is_served(self, front: Front, path: str) -> None:
        """S0-61 for the front's own paths."""
        answer = front.ask(path)
        assert answer.status in (400, 404) or answer.text == "page"

    def test_an_encoded_question_mark_stays_part_of_the_path(self, front: Front) -> None:
        """What a rule has seen is what the process sees."""
        pin = pin_of(front.layout.app("pinned").live)
        for base in ("/pinned/", "/pinned/~/%s/" % pin, "/plain/"):
            path = json.loads(front.ask(base + "media/a%3Fb%2523?c=%3F").text)["path"]
            prefix = "/plain/" if base == "/plain/" else "/pinned/"
            assert path == prefix + "media/a%3Fb%2523?c=%3F"

    def test_names_of_the_server_are_not_told(self, front: Front) -> None:
        """No version in ``Server``."""
        for path in ("/", "/nope", *paths(front)):
            assert front.ask(path).headers.get("server", "nginx") in ("nginx", "Caddy", "")
