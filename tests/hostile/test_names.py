# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DNS rebinding: a page whose name suddenly leads to this host gets nothing of it; a real nginx and a real Caddy.

What is foreign is told by the standard library (``ipaddress``) and a plain list, not by the patterns of the fronts.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import random
import re
import socket
import string
import typing as t
from pathlib import Path

import pytest
from helpers.attacks import record, tries
from helpers.fronts import Front, entry
from helpers.processes import Echo

GIVEN = ("myserver", "b\u00fccher.example", "*.wild.example")
PUBLIC = "https://apps.example.com"
PARTNER = "https://partner.example:8443"
OWN = ("localhost", "myserver", "xn--bcher-kva.example", "a.wild.example", "b.a.wild.example", "apps.example.com")
ADDRESSES = ("127.0.0.1", "192.168.178.20", "10.0.0.255", "[::1]", "[fe80::1ff:fe23:4567:890a]", "[::ffff:127.0.0.1]")
FOREIGN = (
    *("evil.example", "localhost.evil.example", "evil.example.localhost", "evil-localhost", "xlocalhost"),
    *("localhostx", "local", "myserver.evil.example", "myserver.example.com", "127.0.0.1.evil.example"),
    *("apps.example.com.evil.example", "appsxexample.com", "evil.example.com", "wild.example", "xwild.example"),
    *("*.wild.example", ".wild.example", "xn--evil-kva.example", "b\u00fccher.example", "partner.example"),
    *("null", "0", "1", "_", "-", "*", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.0.0.256"),
    *("127.0.0.1.1", "another"),
)
BROKEN = (
    *("localhost,evil.example", "localhost evil.example", "evil.example#localhost", "evil.example@localhost"),
    *("localhost@evil.example", "evil.example/localhost", "evil.example\\localhost", "evil.example|localhost"),
    *("localhost|localhost", "localhost%00", "localhost%2eevil.example", "localhost\0", "localhost\x7f"),
    *("localhost\x0b", "localhost..", "..", ".", ":80", ":", "localhost:80:80", "localhost:80.evil.example"),
    *("localhost:evil", "localhost:80@evil.example", "::1", "[::1", "::1]", "[::1].evil.example", "[::1%25lo]"),
    *("[evil.example]", "[localhost]", "http://localhost", "$host", "{http.request.host}", '"localhost"'),
    *("<b>localhost</b>", "localhost;", "localhost\t", ""),
)
PAGE = "the page of an app"
LETTERS = set(string.ascii_lowercase + string.digits + "-_")


class Question(t.NamedTuple):
    """One request.

    :param hosts: everything in it that names a host, as it is written
    :param form: how these are said
    """

    form: str
    hosts: tuple[str, ...]
    path: str
    data: bytes


@pytest.fixture(scope="module", params=["nginx", "caddy"])
def front(request: pytest.FixtureRequest) -> t.Iterator[Front]:
    """An app with pages, a preview, and one that is passed on whole; the gallery, and an asset."""
    echo = Echo("echo")
    apps = [entry("pinned", allowed_origins=[PARTNER]), entry("plain", pinned=False)]
    front = Front(request.param, apps, server_names=GIVEN, public_origins=(PUBLIC,))
    try:
        for name in front.apps:
            front.go_live(name, front.serve(name, echo.port, PAGE if name == "pinned" else None))
        preview = Path(front.layout.app("pinned").serving, front.serve("pinned", echo.port))
        (preview / "preview.html").write_text(PAGE)
        (preview / "preview-public.html").write_text(PAGE)
        assets = Path(front.layout.assets, "streamlit-1.2.3-0123456789ab")
        assets.mkdir()
        (assets / "a.js").write_text(PAGE)
        yield front.start()
    finally:
        front.close()
        echo.close()


def paths(front: Front) -> list[str]:
    """Every kind of thing that a front serves; each has an answer of its own for a host's own name."""
    pins = sorted(path.name for path in Path(front.layout.app("pinned").serving).iterdir())
    found = ["/", "/pinned/", "/pinned/page", "/pinned", "/plain/x", "/nope", "/pinned/_stcore/health"]
    found += ["/plain/_stcore/stream", "/pinned/_stcore/stream", "/_pyapps/unavailable.html", "/_pyapps/misdirected"]
    found += ["/_pyapps/streamlit/streamlit-1.2.3-0123456789ab/a.js", "/pinned/_stcore/metrics"]
    return found + ["/pinned/~/%s/%s" % (pin, end) for pin in pins for end in ("", "media/x", "_stcore/stream")]


def dice_of(seed: int) -> random.Random:
    """The same throws in every run."""
    return random.Random(seed)  # noqa: S311 - nothing is a secret here


def is_own(host: str) -> bool:
    """Whether a host as it is written in a request is ours; a port does not matter, but must be one."""
    name = host.strip(" \t").lower()
    if found := re.fullmatch(r"(.*?)(?::[0-9]*)", name) if not name.endswith("]") else None:
        name = found[1]
    name = name[:-1] if name.endswith(".") else name
    labels = name.split(".")
    if labels[-2:] == ["wild", "example"] and len(labels) > 2:
        return all(set(label) <= LETTERS and label.strip("-") == label != "" for label in labels)
    with contextlib.suppress(ValueError):
        return name in OWN or bool(ipaddress.IPv4Address(name))
    if name.startswith("[") and name.endswith("]"):
        with contextlib.suppress(ValueError):
            return bool(ipaddress.IPv6Address(name[1:-1])) and "%" not in name
    return False


def spelled(host: str, dice: random.Random) -> str:
    """Another way to write the same host."""
    text = "".join(dice.choice((letter.lower(), letter.upper())) for letter in host) if dice.random() < 0.4 else host
    text += dice.choice(("", "", "", "."))
    text += dice.choice(("", "", ":80", ":8080", ":65535", ":", ":0"))
    return dice.choice(("", "", "", " ")) + text + dice.choice(("", "", "", " "))


def mixed(dice: random.Random) -> str:
    """A host that nobody has thought of: parts of known ones, beside each other."""
    words = [dice.choice((*OWN, *ADDRESSES, *FOREIGN, *BROKEN)) for _part in range(dice.randint(2, 3))]
    cut = [word[dice.randint(0, 2) : len(word) - dice.randint(0, 2)] for word in words]
    return dice.choice((".", "-", ":", ",", "|", "@", "", "\\", "_", "%2e")).join(cut)


def any_host(dice: random.Random) -> str:
    kind = dice.random()
    if kind < 0.25:
        return spelled(dice.choice((*OWN, *ADDRESSES)), dice)
    if kind < 0.55:
        return spelled(dice.choice(FOREIGN), dice)
    return dice.choice(BROKEN) if kind < 0.75 else mixed(dice)


class Said(t.NamedTuple):
    """A way to say for which host a request is.

    :param headers: that say it, or seem to
    :param hosts: all of them as they are said
    :param line: what stands before the path in the request's line
    """

    headers: list[str]
    hosts: tuple[str, ...]
    line: str = ""
    version: str = "1.1"


WEBSOCKET = ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13", "Upgrade: websocket"]
FORWARDED = ["X-Forwarded-Host: localhost", "Forwarded: host=localhost", "X-Host: localhost"]
FORMS: dict[str, t.Callable[[str, str], Said]] = {
    "header": lambda host, other: Said(["Host: " + host], (host,)),
    "forwarded": lambda host, other: Said(["Host: " + host, *FORWARDED], (host,)),
    "HTTP/1.0": lambda host, other: Said(["Host: " + host], (host,), version="1.0"),
    "HTTP/1.0 without": lambda host, other: Said(FORWARDED, ("",), version="1.0"),
    "no header": lambda host, other: Said(FORWARDED, ("",)),
    "two headers": lambda host, other: Said(["Host: " + host, "Host: " + other], (host, other)),
    "folded": lambda host, other: Said(["Host:\r\n " + host], (host,)),
    # Of two that differ the one in the request's line counts (RFC 9112, section 3.2.2), if there is one.
    "line": lambda host, other: Said(["Host: " + other], (_authority(host) or other,), "http://" + host.strip()),
    "line only": lambda host, other: Said([], ("", _authority(host)), "http://" + host.strip()),
    "WebSocket": lambda host, other: Said(["Host: " + host, "Origin: http://" + host.strip(), *WEBSOCKET], (host,)),
}


def _authority(host: str) -> str:
    """What a URL means that has this in the place of a host: a name of a user may stand before it."""
    return re.split(r"[/?#]", host.strip())[0].rpartition("@")[2]


def question(front: Front, dice: random.Random) -> Question:
    form, path = dice.choice((*FORMS, "header", "WebSocket")), dice.choice(paths(front))
    said = FORMS[form](any_host(dice), any_host(dice))
    method = dice.choice(("GET", "GET", "GET", "HEAD", "OPTIONS", "POST", "PUT"))
    if form == "WebSocket":
        method, more = "GET", ["Connection: Upgrade"]
    else:
        more = ["Connection: close"] + (["Content-Length: 0"] if method in ("POST", "PUT") else [])
    line = "%s %s%s HTTP/%s" % (method, said.line, path, said.version)
    headers = dice.choice((said.headers + more, more + said.headers))
    return Question(form, said.hosts, path, "\r\n".join([line, *headers, "", ""]).encode())


def answer(front: Front, data: bytes) -> bytes:
    """One whole answer, or what comes until the server closes; what was sent is not always read."""
    found = b""
    with (
        socket.create_connection(("127.0.0.1", front.port), timeout=20) as connection,
        contextlib.suppress(ConnectionError),
    ):
        connection.sendall(data)
        while not _is_whole(found, data.startswith(b"HEAD")) and (part := connection.recv(65536)):
            found += part
    return found


def _is_whole(found: bytes, without_body: bool) -> bool:
    head, end, body = found.partition(b"\r\n\r\n")
    length = re.search(rb"\r\ncontent-length: ([0-9]+)", head, re.IGNORECASE)
    if end and (without_body or not length):
        return without_body or body.endswith(b"0\r\n\r\n")
    return bool(end and length and len(body) >= int(length[1]))


def status(found: bytes) -> int:
    """Of an answer; 0 for none."""
    line = re.match(rb"HTTP/1\.[01] ([0-9]{3}) ", found)
    return int(line[1]) if line else 0


def got_in(front: Front, asked: Question) -> bool:
    """Whether a request for a foreign host got anything but a refusal, or an app a name that is not its host's."""
    found = answer(front, asked.data)
    reached = re.search(rb'\["host", "(.*?)"\]', found, re.IGNORECASE)
    if reached and not is_own(json.loads(b'"%s"' % reached[1])):
        return True
    return not all(map(is_own, asked.hosts)) and status(found) not in (400, 405, 421)


def test_no_request_for_a_foreign_host_gets_in(front: Front) -> None:
    """Whatever it asks for, however the host is spelled, and wherever it is said."""
    dice, count, through, refused = dice_of(12), tries(200, 5000), [], 0
    for _try in range(count):
        asked = question(front, dice)
        refused += not all(map(is_own, asked.hosts))
        if got_in(front, asked):
            through.append(asked)
    assert refused > count / 3
    record("home " + front.server, "a request for another host", count, through)


def test_every_own_name_gets_in(front: Front) -> None:
    """The same for the host's own names: nobody is refused who asks for this host."""
    dice, wrong = dice_of(13), []
    own = {path: status(answer(front, _plainly("localhost", path))) for path in paths(front)}
    assert set(own.values()) >= {200, 301, 404}
    for _try in range(tries(200, 5000)):
        host, path = spelled(dice.choice((*OWN, *ADDRESSES)), dice), dice.choice(paths(front))
        assert is_own(host)
        if status(answer(front, _plainly(host, path))) != own[path]:
            wrong.append((host, path))
    assert not wrong


def _plainly(host: str, path: str) -> bytes:
    return ("GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % (path, host)).encode()


def test_no_older_protocol_gets_in(front: Front) -> None:
    """Nor a tunnel, nor one that is asked for in passing; and a large body is refused as any other."""
    h2c = b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n"
    asked = [
        b"GET /pinned/ HTTP/1.1\r\nHost: evil.example\r\n" + h2c + b"\r\n",
        b"GET /pinned/\r\n",
        b"GET /pinned/ HTTP/0.9\r\nHost: evil.example\r\n\r\n",
        b"CONNECT evil.example:80 HTTP/1.1\r\nHost: evil.example:80\r\n\r\n",
        b"CONNECT evil.example:80 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /pinned/ HTTP/1.1\nHost: evil.example\n\n",
        b"GET /pinned/ HTTP/1.1\r\nhost : localhost\r\nHost: evil.example\r\n\r\n",
        b"PUT /pinned/ HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\nContent-Length: 9000000000\r\n\r\n",
    ]
    found = {data: answer(front, data) for data in asked}
    through = [(data, said) for data, said in found.items() if status(said) in (101, 200, 413) or PAGE.encode() in said]
    record("home " + front.server, "a request in another protocol", len(asked), through)


def test_no_http_2_gets_in(front: Front) -> None:
    """It says the host in ``:authority``; Caddy takes it without TLS, and a ``Host`` beside it must not count."""
    through, count = [], 0
    for authority, host in (
        ("evil.example", None),
        ("evil.example", "localhost"),
        (None, "evil.example"),
        (None, None),
    ):
        for path in paths(front):
            count += 1
            found = http_2(front, path, authority, host)
            if b"421 Misdirected Request" not in found and found:
                through.append((authority, host, path, found))
    record("home " + front.server, "a request in HTTP/2", count, through)
    if front.server == "caddy":
        assert PAGE.encode() in http_2(front, "/pinned/", "localhost", None)
        assert b"evil" not in http_2(front, "/pinned/_stcore/health", "localhost", "evil.example")


def http_2(front: Front, path: str, authority: str | None, host: str | None) -> bytes:
    """What is in the body of an answer in HTTP/2, to a client that does not ask first (RFC 9113); none from nginx."""
    fields = [(":method", "GET"), (":scheme", "http"), (":path", path)]
    fields += [(":authority", authority)] if authority else []
    fields += [("host", host)] if host else []
    block = b"".join(b"\0" + _text(name) + _text(value) for name, value in fields)
    data, body = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _frame(4, 0, 0, b"") + _frame(1, 5, 1, block), b""
    with socket.create_connection(("127.0.0.1", front.port), timeout=20) as connection:
        connection.sendall(data)
        reader = connection.makefile("rb")
        while len(head := reader.read(9)) == 9 and not head.startswith(b"HTTP/1."):
            content = reader.read(int.from_bytes(head[:3], "big"))
            body += content if head[3] == 0 else b""
            # The end of the stream, its reset, or that of the connection.
            if head[3] in (3, 7) or (head[3] in (0, 1) and head[4] & 1):
                break
    return body


def _text(value: str) -> bytes:
    assert len(value) < 127
    return bytes([len(value)]) + value.encode()


def _frame(kind: int, flags: int, stream: int, content: bytes) -> bytes:
    return len(content).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + content


def origin(host: str, dice: random.Random) -> str:
    """An ``Origin`` that is, or looks like, that of a page of this host."""
    host = host.strip()
    other = dice.choice((*OWN, *ADDRESSES, *FOREIGN, *BROKEN, "localhost:3000"))
    form = dice.choice(
        (
            "http://{host}",
            "https://{host}",
            "HTTP://{host}",
            "http://{other}",
            "http://{host}.evil.example",
            "http://{host}:1",
            "http://{host}@evil.example",
            "http://evil.example/http://{host}",
            "http://evil.example?{host}",
            "http://{host}/",
            "{host}",
            "ws://{host}",
            "null",
            "file://",
            PUBLIC,
            PUBLIC + ".evil.example",
            PUBLIC + ":8443",
            PUBLIC.replace("https", "http"),
            PARTNER,
            PARTNER.replace("8443", "443"),
            "http://localhost http://{host}",
            "http://{host},http://evil.example",
        )
    )
    return form.format(host=host, other=other)


def test_no_page_of_another_origin_opens_a_websocket(front: Front) -> None:
    """Own is what has the host and port of ``Host``; the public URL's and listed origins are let in beside."""
    dice, count, through, wrong = dice_of(14), tries(200, 5000), [], []
    for _try in range(count):
        host = dice.choice((spelled(dice.choice((*OWN, *ADDRESSES)), dice), spelled(dice.choice(FOREIGN), dice)))
        sent = origin(host, dice)
        lines = ["GET /pinned/_stcore/stream HTTP/1.1", "Host: " + host, "Origin: " + sent]
        lines += ["Connection: Upgrade", *WEBSOCKET]
        reached = b'"headers"' in answer(front, "\r\n".join([*lines, "", ""]).encode())
        known = [scheme + host.strip().lower() for scheme in ("http://", "https://")] + [PUBLIC, PARTNER]
        allowed = is_own(host) and sent.lower() in known
        if reached and not allowed:
            through.append((host, sent))
        if allowed and not reached:
            wrong.append((host, sent))
    assert not wrong
    record("home " + front.server, "a WebSocket from a foreign page", count, through)


def test_the_refusal_names_the_setting_and_shows_no_markup(front: Front) -> None:
    """It is text, never kept, and shows a name only when it is nothing but a name."""
    for host, shown in (("Evil.Example:80", "the name evil.example."), ("<script>alert(1)</script>", "that name.")):
        found = answer(front, _plainly(host, "/pinned/")).decode()
        if shown == "that name." and status(found.encode()) == 400:
            continue
        head, _blank, body = found.partition("\r\n\r\n")
        assert head.startswith("HTTP/1.1 421 ")
        assert "content-type: text/plain" in head.lower()
        assert "cache-control: no-store" in head.lower()
        assert "x-content-type-options: nosniff" in head.lower()
        assert shown in body.lower()
        assert "pyapps_server_names" in body
        assert "<" not in body
