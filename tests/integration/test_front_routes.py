# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The routes of ``pinned-pages.md``: the same tests against a real nginx and a real Caddy."""

from __future__ import annotations

import gzip
import json
import os
import re
import socket
import threading
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import away_page as _away_page
from helpers.fronts import Answer, Front, ask, entry, eventually
from helpers.processes import Echo

PAGE = "<!DOCTYPE html><title>%s</title>"


@pytest.fixture(scope="module", params=["nginx", "caddy"])
def server(request: pytest.FixtureRequest) -> str:
    return t.cast(str, request.param)


@pytest.fixture(scope="module")
def echo() -> t.Iterator[Echo]:
    echo = Echo()
    yield echo
    echo.close()


@pytest.fixture(scope="module")
def front(server: str) -> t.Iterator[Front]:
    apps = [
        entry("app-1", title='<b>"One"</b> & more', owner="Jo & Co"),
        entry("app_2", base="/deep/er.app", listed=False),
        entry("plain", pinned=False),
        entry("known", pinned=False),
        entry("never"),
        entry("down"),
        entry("switch"),
        entry("gone"),
        entry("big", max_upload_mb=2),
    ]
    front = Front(server, apps)
    try:
        yield front.start()
    finally:
        front.close()


@pytest.fixture(scope="module")
def root_front(server: str, echo: Echo) -> t.Iterator[tuple[Front, str]]:
    """A front whose only app has the root as its base, and the app's pin."""
    front = Front(server, [entry("root", base="")])
    try:
        pin = front.serve("root", echo.port, PAGE % "root")
        front.go_live("root", pin)
        yield front.start(), pin
    finally:
        front.close()


@pytest.fixture(scope="module")
def pins(front: Front, echo: Echo) -> dict[str, str]:
    """Every app but ``never`` is live, with a page that says its name; ``plain`` has no page."""
    found = {}
    for name in ("app-1", "app_2", "plain", "down", "switch", "gone", "big"):
        found[name] = front.serve(name, echo.port, None if name == "plain" else PAGE % name)
        front.go_live(name, found[name])
    scripts = Path(front.layout.assets, "streamlit-x", "static", "js")
    scripts.mkdir(parents=True)
    (scripts / "a b.js").write_text("script")
    found["known"] = front.serve("known", echo.port, assets="streamlit-x")
    front.go_live("known", found["known"])
    return found


def reached(text: str) -> str:
    """The path that reached the echo."""
    return t.cast(str, json.loads(text)["path"])


def base36(number: int) -> str:
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    return base36(number // 36) + digits[number % 36] if number >= 36 else digits[number]


def assert_is_a_page_of_the_front(answer: Answer, retry: str | None = "5") -> None:
    """Never stored, and with the security headers of all other answers."""
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "strict-origin-when-cross-origin"
    assert answer.headers["content-security-policy"] == "frame-ancestors 'self'"
    assert answer.headers.get("retry-after") == retry
    assert not {"etag", "last-modified"} & set(answer.headers)


class TestGallery:
    def test_it_lists_listed_apps_by_title_owner_and_link_escaped(self, front: Front, pins: dict[str, str]) -> None:
        """The gallery at ``/``; instead of S0-61's 404 there."""
        answer = front.ask("/")
        assert answer.status == 200
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        title = "&lt;b&gt;&quot;One&quot;&lt;/b&gt; &amp; more"
        assert '<a href="/app-1/"><h2 title="%s">%s</h2>' % (title, title) in answer.text
        assert "<small>Jo &amp; Co</small>" in answer.text
        assert "er.app" not in answer.text
        assert not {"http://", "https://", "src="} & set(answer.text.split())
        assert answer.headers["cache-control"] == "no-store"

    def test_it_can_be_switched_off_for_the_published_404(self, server: str) -> None:
        """S0-61"""
        front = Front(server, [entry("app-1")], gallery=False)
        try:
            front.start()
            for path in ("/", "/nothing"):
                answer = front.ask(path)
                assert answer.status == 404
                assert "There is no app at this address" in answer.text
                assert "All apps" not in answer.text
        finally:
            front.close()


class TestAddressesWithoutAnApp:
    @pytest.mark.parametrize("path", ["/nothing", "/app-1x/", "/APP-1/", "/a/b?c=%2f", "/favicon.ico", "/index.html"])
    def test_they_are_a_friendly_404(self, front: Front, path: str) -> None:
        """It names the way to the gallery, whoever asks how."""
        for method in ("GET", "POST", "PUT"):
            answer = front.ask(path, method, body=b"x" if method != "GET" else None)
            assert answer.status == 404
            assert "There is no app at this address" in answer.text
            assert '<a href="/">All apps</a>' in answer.text
            assert_is_a_page_of_the_front(answer, retry=None)
        assert front.ask(path, "HEAD").body == b""
        assert front.ask(path, headers={"If-None-Match": "*", "Range": "bytes=0-3"}).status == 404

    def test_what_is_refused_below_an_app_says_nothing_of_apps(self, front: Front) -> None:
        """Rules 0 and 4, and the front's own addresses."""
        for path in ("/app-1/_stcore/metrics", "/app-1/~/x", "/_pyapps/x", "/_pyapps/away/app-1", "/_pyapps/not-found"):
            answer = front.ask(path)
            assert (answer.status, "no app at this address" in answer.text) == (404, False)


class TestDocuments:
    def test_the_base_without_its_slash_redirects_and_keeps_host_and_port(self, front: Front) -> None:
        """S0-64: no host in the redirect, so that no port can be lost."""
        assert front.ask("/app-1").headers["location"] == "/app-1/"
        assert front.ask("/app-1").status == 301
        assert front.ask("/app-1?x=1&y=%20z").headers["location"] == "/app-1/?x=1&y=%20z"
        assert front.ask("/deep/er.app").headers["location"] == "/deep/er.app/"

    @pytest.mark.parametrize("path", ["/app-1/", "/app-1/page_2", "/app-1/a/b?embed=true", "/app-1/static"])
    def test_any_other_path_of_an_app_is_its_page(self, front: Front, pins: dict[str, str], path: str) -> None:
        """Rule 6; S0-62"""
        answer = front.ask(path)
        assert (answer.status, answer.text) == (200, PAGE % "app-1")
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == "frame-ancestors 'self'"
        assert not {"etag", "last-modified", "server"} & set(answer.headers) - {"server"}
        assert not any(letter.isdigit() for letter in answer.headers.get("server", ""))

    @pytest.mark.parametrize(
        "path", ["static/x.js", "static/js/x.chunk.js", "static/x", "a/b.css?v=1", "x.mjs", "x.js.map"]
    )
    @pytest.mark.parametrize("app", ["app-1", "known"])
    def test_a_script_or_style_that_is_not_there_is_no_page(
        self, front: Front, pins: dict[str, str], echo: Echo, app: str, path: str
    ) -> None:
        """A page in its place is what Streamlit calls "Cannot load Streamlit frontend code"; pinned or not."""
        for way in ("", "~/%s/" % pins[app] if app == "app-1" else ""):
            answer = front.follow("/%s/%s%s" % (app, way, path))
            assert (answer.status, app in answer.text) == (404, False), way

    def test_an_unpinned_apps_scripts_come_from_disk(self, front: Front, pins: dict[str, str]) -> None:
        """Those of the live release; the rest of such an app is its process's."""
        answer = front.ask("/known/static/js/a%20b.js?v=1")
        assert (answer.status, answer.text) == (200, "script")
        assert "javascript" in answer.headers["content-type"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-cache"
        for path in ("static/../%d.port" % int(pins["known"].partition(".")[2]), "static/js", "static/js/"):
            assert "script" not in front.ask("/known/" + path).text
        for path in ("page_2", "component/x/y.js", "media/x.css", "app/static/x.js", "_stcore/health"):
            assert reached(front.ask("/known/" + path).text) == "/known/" + path

    def test_a_page_is_sent_as_it_was_compressed_at_its_deploy(self, front: Front, pins: dict[str, str]) -> None:
        """No work for each visitor; the file says so, because it holds something else here."""
        compressed = Path(front.layout.app("app-1").serving, pins["app-1"], "index.html.gz")
        kept = compressed.read_bytes()
        compressed.write_bytes(gzip.compress(b"compressed before"))
        try:
            for path in ("/app-1/", "/app-1/page_2"):
                answer = front.ask(path, headers={"Accept-Encoding": "gzip, br"})
                assert (answer.status, answer.headers["content-encoding"]) == (200, "gzip")
                assert gzip.decompress(answer.body) == b"compressed before"
                assert answer.headers["content-type"] == "text/html; charset=utf-8"
                assert answer.headers["cache-control"] == "no-store"
                assert answer.headers["vary"] == "Accept-Encoding"
                assert not {"etag", "last-modified"} & set(answer.headers)
            assert front.ask("/app-1/").text == PAGE % "app-1"
        finally:
            compressed.write_bytes(kept)

    def test_a_changed_page_of_equal_size_and_time_is_seen_at_once(
        self, front: Front, pins: dict[str, str], echo: Echo
    ) -> None:
        """nginx's ETag is time and size: two pages of one second gave 304 and the old page."""
        app = front.layout.app("switch")
        pages = [front.serve("switch", echo.port, PAGE % text) for text in ("one", "two")]
        for pin in pages:
            os.utime(Path(app.serving, pin, "index.html"), (1700000000, 1700000000))
        for pin, text in zip(pages, ("one", "two")):
            front.go_live("switch", pin)
            size = len(PAGE % text)
            for name, value in (
                ("If-None-Match", '"%x-%x"' % (1700000000, size)),  # nginx's own ETag for both files
                ("If-None-Match", '"%s-%s"' % (base36(1700000000 * 10**9), base36(size))),  # and Caddy's
                ("If-Modified-Since", "Tue, 14 Nov 2023 22:13:20 GMT"),
            ):
                answer = front.ask("/switch/", headers={name: value})
                assert (answer.status, answer.text) == (200, PAGE % text), name
        assert front.ask("/switch/", headers={"Range": "bytes=0-3"}).text == PAGE % "two"
        front.go_live("switch", pins["switch"])

    def test_a_switch_of_the_live_link_loses_no_request(self, front: Front, pins: dict[str, str], echo: Echo) -> None:
        """A deploy is one atomic rename, seen by the next request without a reload."""
        two = Echo("two")
        other = front.serve("switch", two.port, PAGE % "next")
        links, ended = [other, pins["switch"]], threading.Event()

        def switch() -> None:
            # A thousand deploys a second: Caddy looks three times, and no more than one of them may meet a switch.
            while not ended.wait(0.001):
                front.go_live("switch", links[0])
                links.reverse()

        thread = threading.Thread(target=switch)
        thread.start()
        try:
            connection, pages, names = front.connection(), set(), set()
            for _turn in range(1500):
                page, health = ask(connection, "/switch/"), ask(connection, "/switch/_stcore/health")
                assert (page.status, health.status) == (200, 200)
                pages.add(page.text)
                names.add(json.loads(health.text)["name"])
            assert pages == {PAGE % "next", PAGE % "switch"}
            assert names == {"echo", "two"}
        finally:
            ended.set()
            thread.join()
            front.go_live("switch", pins["switch"])
            two.close()

    def test_an_app_that_was_never_live_gives_the_friendly_page(self, front: Front) -> None:
        """No ``live`` link: 503 and a page that comes back by itself, never a 500."""
        for path in ("/never/", "/never/_stcore/health", "/never/page?x=1"):
            answer = front.ask(path)
            assert answer.status == 503
            assert "App never</h1>" in answer.text
            assert "has not been live yet" in answer.text
            assert "as soon as it is back" not in answer.text
            assert_is_a_page_of_the_front(answer)

    def test_the_flag_down_shows_the_friendly_page_until_it_is_gone(self, front: Front, pins: dict[str, str]) -> None:
        """The watcher's flag; a pinned path is not concerned."""
        flag = Path(front.layout.app("down").down)
        flag.touch()
        answers = [front.ask(path) for path in ("/down/", "/down/_stcore/health", "/down/a/b?x=1")]
        assert [answer.status for answer in answers] == [503, 503, 503]
        assert {answer.text for answer in answers} == {answers[0].text}
        assert "App down</h1>" in answers[0].text
        assert "does not answer right now" in answers[0].text
        assert "This app is from Johan." in answers[0].text
        assert '<a href="/">All apps</a>' in answers[0].text
        assert_is_a_page_of_the_front(answers[0])
        assert front.ask("/down/~/%s/_stcore/health" % pins["down"]).status == 200
        flag.unlink()
        assert front.ask("/down/").text == PAGE % "down"

    def test_who_sets_the_flag_says_why_and_since_when(self, front: Front, pins: dict[str, str]) -> None:
        """Other words when it was stopped on purpose; whoever sends whatever sees the page."""
        app = front.layout.app("down")
        for reason, words in _away_page.WORDS.items():
            _away_page.set_down(front.layout, app, reason)
            for method in ("GET", "POST", "PUT", "DELETE"):
                answer = front.ask("/down/", method, body=b"x" if method != "GET" else None)
                assert answer.status == 503
                assert words in answer.text
                assert re.search('<p>Since <time datetime="20[^"]*Z">[1-9][^<]* UTC</time>[.]</p>', answer.text)
                assert_is_a_page_of_the_front(answer)
        _away_page.clear_down(app)
        assert front.ask("/down/").text == PAGE % "down"

    def test_a_crashed_process_is_503_for_visitors_and_502_for_its_tabs(
        self, front: Front, pins: dict[str, str]
    ) -> None:
        """S0-71; 410 means retired and nothing else."""
        crashed = Echo()
        crashed.close()
        pin = front.serve("gone", crashed.port, PAGE % "gone")
        front.go_live("gone", pin)
        live = front.ask("/gone/_stcore/health")
        assert (live.status, "App gone</h1>" in live.text, "right now" in live.text) == (503, True, True)
        assert front.ask("/gone/~/%s/_stcore/health" % pin).status == 502
        assert front.ask("/app-1/").status == 200


class TestComponentsThatAskAtTheRoot:
    @pytest.mark.parametrize("page", ["/app-1/", "/app-1/page_2?x=1", "/app-1/component/a.b/index.html?streamlitUrl=x"])
    def test_they_are_found_by_the_app_whose_page_asks(self, front: Front, pins: dict[str, str], page: str) -> None:
        """Some published components know only ``/component/<name>/``."""
        answer = front.ask("/component/a.b/main.js?v=1", headers={"Referer": "http://localhost" + page})
        assert (answer.status, answer.headers["location"]) == (307, "/app-1/component/a.b/main.js?v=1")
        assert reached(front.ask(answer.headers["location"]).text) == "/app-1/component/a.b/main.js?v=1"

    def test_a_pinned_page_stays_with_its_instance(self, front: Front, pins: dict[str, str]) -> None:
        pinned = "/deep/er.app/~/%s/component/a.b/" % pins["app_2"]
        answer = front.ask("/component/a.b/c%20d", headers={"Referer": "https://x:1" + pinned + "index.html"})
        assert answer.headers["location"] == pinned + "c%20d"

    @pytest.mark.parametrize(
        "referer", ["", "http://x/", "http://x/app-1", "http://x/APP-1/", "x/app-1/", "http://x//"]
    )
    def test_without_an_app_they_are_404(self, front: Front, referer: str) -> None:
        """Nor does a Referer lead anywhere but below an app."""
        answer = front.ask("/component/a.b/main.js", headers={"Referer": referer} if referer else {})
        assert (answer.status, "location" in answer.headers) == (404, False)


class TestWithoutAWatcher:
    """Nobody sets a flag, so the front asks the process before it serves the page from disk."""

    @pytest.fixture(autouse=True)
    def unwatched(self, front: Front) -> t.Iterator[None]:
        watched = Path(front.layout.watched)
        watched.unlink()
        yield
        watched.symlink_to("/proc/%d" % os.getpid())

    def test_the_page_of_a_dead_app_is_503_and_that_of_another_is_served(
        self, front: Front, pins: dict[str, str]
    ) -> None:
        """Also when the link is there and its watcher is not."""
        crashed = Echo()
        crashed.close()
        front.go_live("gone", front.serve("gone", crashed.port, PAGE % "gone"))
        for target in (None, "/proc/99999999"):
            if target:
                Path(front.layout.watched).symlink_to(target)
            for path in ("/gone/", "/gone/page_2?x=1"):
                answer = front.ask(path)
                assert (answer.status, "App gone</h1>" in answer.text) == (503, True)
                assert_is_a_page_of_the_front(answer)
            for path in ("/app-1/", "/app-1/page_2?x=1"):
                answer = front.ask(path)
                assert (answer.status, answer.text) == (200, PAGE % "app-1")
                assert_is_a_page_of_the_front(answer, retry=None)
            assert front.ask("/never/").status == 503
        Path(front.layout.watched).unlink()

    def test_nothing_of_a_visitor_goes_with_the_question(self, front: Front) -> None:
        """Whoever has the port now may be another one."""
        asked: list[bytes] = []
        with socket.create_server(("127.0.0.1", 0)) as server:
            thread = threading.Thread(target=lambda: asked.append(_answer_once(server)))
            thread.start()
            front.go_live("gone", front.serve("gone", server.getsockname()[1], PAGE % "gone"))
            headers = {"Cookie": "secret=1", "Authorization": "Basic secret"}
            assert front.ask("/gone/a?secret=2", headers=headers).status == 200
            thread.join()
        assert asked[0].startswith(b"GET /gone/_stcore/health HTTP/1.1\r\n")
        assert b"secret" not in asked[0]

    def test_who_is_slow_or_unwell_is_not_dead(self, front: Front) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            front.go_live("gone", front.serve("gone", silent.getsockname()[1], PAGE % "gone"))
            answer = front.ask("/gone/")
            assert (answer.status, answer.text) == (200, PAGE % "gone")
            assert_is_a_page_of_the_front(answer, retry=None)
        with socket.create_server(("127.0.0.1", 0)) as unwell:
            front.go_live("gone", front.serve("gone", unwell.getsockname()[1], PAGE % "gone"))
            thread = threading.Thread(target=_answer_once, args=(unwell, b"503 Service Unavailable"))
            thread.start()
            answer = front.ask("/gone/")
            thread.join()
            assert (answer.status, answer.text) == (200, PAGE % "gone")


def _answer_once(server: socket.socket, status: bytes = b"200 OK") -> bytes:
    connection, _address = server.accept()
    with connection:
        asked = b""
        while b"\r\n\r\n" not in asked:
            asked += connection.recv(65536)
        connection.sendall(b"HTTP/1.1 %s\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok" % status)
    return asked


class TestPinnedPaths:
    @pytest.mark.parametrize("path", ["_stcore/health", "media/x.png", "component/a.b/index.html", "app/static/a%20b"])
    def test_they_reach_their_instance_without_the_pin(self, front: Front, pins: dict[str, str], path: str) -> None:
        """Rule 2"""
        answer = front.ask("/deep/er.app/~/%s/%s?x=%%2F1" % (pins["app_2"], path))
        assert reached(answer.text) == "/deep/er.app/%s?x=%%2F1" % path

    def test_without_a_marker_they_are_410_whatever_listens(self, front: Front, echo: Echo) -> None:
        """Rule 2: the marker is the only thing that makes a port reachable."""
        pin = front.serve("app-1", echo.port)
        path = "/app-1/~/%s/_stcore/health" % pin
        assert front.ask(path).status == 200
        front.retire("app-1", pin)
        assert front.ask(path).status == 410
        assert front.ask("/app-1/~/%s.22/_stcore/health" % ("0" * 32)).status == 404
        assert front.ask("/app-1/~/%s.%d/_stcore/health" % ("0" * 32, echo.port)).status == 410

    def test_when_an_instance_ends_is_read_from_its_marker(self, front: Front, echo: Echo) -> None:
        """By tabs, from disk and never from a cache: nothing while it does not drain, 410 when it is gone."""
        pin = front.serve("app-1", echo.port)
        path = "/app-1/~/%s/ends.json" % pin
        answer = front.ask(path)
        assert (answer.status, answer.body, answer.headers["cache-control"]) == (204, b"", "no-store")
        Path(front.layout.app("app-1").serving, pin, "ends.json").write_text('{"until": 1, "limit": 2}\n')
        answer = front.ask(path, headers={"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"})
        assert (answer.status, answer.text, answer.headers["cache-control"]) == (
            200,
            '{"until": 1, "limit": 2}\n',
            "no-store",
        )
        assert "last-modified" not in answer.headers
        assert "etag" not in answer.headers
        assert answer.headers["date"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert front.ask("/app-1/~/%s/ends.json.gz" % pin).status == 302
        front.retire("app-1", pin)
        assert front.ask(path).status == 410

    def test_a_pin_of_another_app_is_410(self, front: Front, pins: dict[str, str]) -> None:
        """An app's markers are its own."""
        assert front.ask("/app-1/~/%s/_stcore/health" % pins["app_2"]).status == 410

    @pytest.mark.parametrize("retired", [False, True])
    def test_documents_redirect_to_the_app(self, front: Front, pins: dict[str, str], retired: bool) -> None:
        """Rule 3: people copy such links."""
        pin = "f" * 32 + ".20000" if retired else pins["app-1"]
        for path, target in (("", ""), ("/", ""), ("/page_2?x=%2F&y=1", "page_2?x=%2F&y=1"), ("/a/b", "a/b")):
            answer = front.ask("/app-1/~/%s%s" % (pin, path))
            assert (answer.status, answer.headers["location"]) == (302, "/app-1/" + target)

    @pytest.mark.parametrize("path", ["~", "~/", "~/x/_stcore/health", "~x/_stcore/health", "~/_stcore/health"])
    def test_anything_else_below_the_tilde_is_404(self, front: Front, pins: dict[str, str], path: str) -> None:
        """Rule 4: Streamlit's client also tries the parent of its base, and that must not answer."""
        assert front.ask("/app-1/" + path).status == 404

    def test_a_pin_that_is_written_differently_is_no_pin(self, front: Front, pins: dict[str, str]) -> None:
        """Names in paths are matched strictly: no capitals, no path steps."""
        pin = pins["app-1"]
        for spelled in (pin.upper().replace(".", "."), pin + "x", "../serving/" + pin, pin[:-1]):
            if spelled != pin:
                assert front.ask("/app-1/~/%s/_stcore/health" % spelled).status in (404, 410)


class TestPublishedPaths:
    @pytest.mark.parametrize(
        "path", ["_stcore/health", "media/x", "component/x/y", "app/static/x", "auth/login", "oauth2callback?code=1"]
    )
    def test_they_reach_the_live_process(self, front: Front, pins: dict[str, str], path: str) -> None:
        """Rule 5: published health checks (S0-65), curl and login keep working."""
        assert reached(front.ask("/app-1/" + path).text) == "/app-1/" + path

    @pytest.mark.parametrize("path", ["/_stcore/health", "/app-1/page/_stcore/health", "/nope", "/app-10/", "/app-1x"])
    def test_anything_else_is_404(self, front: Front, pins: dict[str, str], path: str) -> None:
        """Rule 6 and S0-61; an unmatched path would be an empty 200 in Caddy."""
        assert front.ask(path).status == 404

    def test_an_unpinned_app_gets_everything_below_its_base(self, front: Front, pins: dict[str, str]) -> None:
        """S0-62, X11: the prefix is passed unchanged."""
        for path in ("/plain/", "/plain/any/thing?x=1", "/plain/static/a%20b.js", "/plain/~/x"):
            assert reached(front.ask(path).text) == path
        assert front.ask("/plain").headers["location"] == "/plain/"

    def test_an_app_without_a_page_is_passed_on(self, front: Front, pins: dict[str, str], echo: Echo) -> None:
        """Where no page can be made, the marker holds none and the app is served unpinned."""
        front.go_live("switch", front.serve("switch", echo.port))
        assert reached(front.ask("/switch/static/js/x.js").text) == "/switch/static/js/x.js"
        front.go_live("switch", pins["switch"])


class TestUploads:
    def test_two_megabytes_pass_and_more_than_the_limit_is_413(self, front: Front, pins: dict[str, str]) -> None:
        """S0-69, C-12: the limit is the app's own and 1 MB more."""
        for base in ("/big", "/big/~/" + pins["big"]):
            path = base + "/_stcore/upload_file/a/b"
            assert front.ask(path, "PUT", body=b"x" * (2 << 20)).status == 200
            assert front.ask(path, "PUT", body=b"x" * (3 << 20)).status == 200
            assert front.ask("/app-1/_stcore/upload_file/a/b", "PUT", body=b"x" * (4 << 20)).status == 200
            assert front.put(path, (3 << 20) + 1) == 413


class TestRootBase:
    def test_routes_at_the_root(self, root_front: tuple[Front, str]) -> None:
        """The same rules for an app that has the whole host."""
        front, pin = root_front
        assert front.ask("/").text == PAGE % "root"
        assert front.ask("/page/2").text == PAGE % "root"
        assert reached(front.ask("/~/%s/_stcore/health" % pin).text) == "/_stcore/health"
        assert reached(front.ask("/_stcore/health").text) == "/_stcore/health"
        assert front.ask("/~/%s/page" % pin).headers["location"] == "/page"
        assert front.ask("/~/x").status == 404
        assert front.ask("/x/_stcore/health").status == 404
        assert front.ask("/_pyapps/nothing").status == 404

    @pytest.mark.parametrize("end", ["//evil.example", "/\\evil.example", "///evil.example", "/%5Cevil.example", "//"])
    def test_a_redirect_never_leaves_the_host(self, root_front: tuple[Front, str], end: str) -> None:
        """Rule 3 at the root must not become ``Location: //evil.example``."""
        front, pin = root_front
        location = front.ask("/~/%s%s" % (pin, end)).headers["location"]
        assert location.startswith("/")
        assert location[1:2] not in ("/", "\\")


def test_a_new_app_is_served_after_a_reload_and_open_connections_live(server: str, echo: Echo) -> None:
    """S0-70: another app is another block; nothing else changes."""
    front = Front(server, [entry("app-1")])
    try:
        front.go_live("app-1", front.serve("app-1", echo.port, PAGE % "app-1"))
        front.start()
        assert front.ask("/app-2/").status == 404
        front.apps["app-2"] = entry("app-2")
        os.makedirs(front.layout.app("app-2").serving)
        front.go_live("app-2", front.serve("app-2", echo.port, PAGE % "app-2"))
        front.write()
        front.reload()
        assert eventually(lambda: front.ask("/app-2/").status == 200)
        assert front.ask("/app-1/").text == PAGE % "app-1"
    finally:
        front.close()
