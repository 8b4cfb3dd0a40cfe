# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands the package index on to a build that has no other network and knows no password.

Its source is run as a program by whoever may know the passwords, so it imports nothing but the standard library. It
answers two kinds of URL: a package's page, and a file that such a page has named. Pages are passed on as JSON (PEP
691), their links led here, so a client asks nobody else.

Standard input: one line of JSON with ``socket`` (number of the listening socket that it inherits), ``prefix`` (what
every path begins with) and ``indexes`` (URLs, perhaps with credentials). It ends when standard input does. Proxy and
certificates come from the usual environment variables. What goes wrong is told on standard error, without passwords.
"""

from __future__ import annotations

import base64
import hashlib
import html.parser
import http.client
import http.server
import json
import os
import posixpath
import re
import shutil
import socket
import sys
import threading
import typing as t
import urllib.error
import urllib.parse
import urllib.request

_PAGE = "application/vnd.pypi.simple.v1+json"
_ACCEPTED = _PAGE + ", application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_LARGEST_PAGE = 256 << 20
_MOST_CONNECTIONS = 100
_MOST_PAGES = 8  # in memory at once; one of 6 MB takes 45 MB there
_SECONDS = 60.0
_PASSED_ON = ("Content-Length", "Content-Type", "Content-Range", "Accept-Ranges", "ETag", "Last-Modified")


def without_credentials(url: str) -> tuple[str, str | None]:
    """A URL, and what its user name and password are as a header ``Authorization``."""
    parts = urllib.parse.urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, None
    header = "Basic " + base64.b64encode(urllib.parse.unquote(user).encode()).decode()
    return urllib.parse.urlunsplit(parts._replace(netloc=host)), header


def _origin(url: str) -> str:
    parts = urllib.parse.urlsplit(url)
    return "%s://%s" % (parts.scheme.lower(), parts.netloc.lower())


class _Credentials(urllib.request.BaseHandler):
    """Adds them to each request to an index's own server, and to no other one, redirected requests included."""

    def __init__(self, headers: dict[str, str]) -> None:
        self._headers = headers

    def http_request(self, request: urllib.request.Request) -> urllib.request.Request:
        header = self._headers.get(_origin(request.full_url))
        if header:
            request.add_unredirected_header("Authorization", header)
        return request

    https_request = http_request


class _Page(html.parser.HTMLParser):
    """The links of a page in HTML (PEP 503)."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.base = ""
        self.links: list[dict[str, str | None]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if given.get("href") and tag == "base":
            self.base = given["href"] or ""
        elif given.get("href") and tag == "a":
            self.links.append(given)


def _hashes(text: str) -> dict[str, str]:
    algorithm, equals, digest = text.partition("=")
    return {algorithm: digest} if equals else {}


def files_of_html(text: str, base: str) -> list[dict[str, t.Any]]:
    """The entries that the same page would have in JSON.

    :param base: the page's URL
    """
    page = _Page(text)
    found = []
    for link in page.links:
        url = urllib.parse.urljoin(urllib.parse.urljoin(base, page.base), link["href"] or "")
        url, fragment = urllib.parse.urldefrag(url)
        name = urllib.parse.unquote(posixpath.basename(urllib.parse.urlsplit(url).path))
        entry: dict[str, t.Any] = {"filename": name, "url": url, "hashes": _hashes(fragment)}
        if link.get("data-requires-python"):
            entry["requires-python"] = link["data-requires-python"]
        if "data-yanked" in link:
            entry["yanked"] = link["data-yanked"] or True
        metadata = link.get("data-core-metadata") or link.get("data-dist-info-metadata")
        if metadata:
            entry["core-metadata"] = _hashes(metadata) or True
        found.append(entry)
    return found


class Relay:
    """What is passed on, from where."""

    def __init__(self, indexes: list[str], prefix: str) -> None:
        pairs = [without_credentials(url) for url in indexes]
        self._indexes = [url for url, _header in pairs]
        self.prefix = prefix
        self._files: dict[str, str] = {}
        # Not build_opener(): that one also reads file:// and ftp://.
        self._opener = urllib.request.OpenerDirector()
        for handler in (
            urllib.request.ProxyHandler(),
            urllib.request.HTTPHandler(),
            urllib.request.HTTPSHandler(),
            urllib.request.HTTPDefaultErrorHandler(),
            urllib.request.HTTPRedirectHandler(),
            urllib.request.HTTPErrorProcessor(),
            urllib.request.UnknownHandler(),
            _Credentials({_origin(url): header for url, header in pairs if header}),
        ):
            self._opener.add_handler(handler)

    def open(self, url: str, method: str, headers: dict[str, str]) -> t.Any:
        """Ask the index."""
        request = urllib.request.Request(url, method=method, headers=headers)  # noqa: S310 - the opener knows only HTTP
        return self._opener.open(request, timeout=_SECONDS)

    def file(self, path: str) -> str | None:
        """The URL of a file that a page has named."""
        key, _slash, name = path.partition("/")
        url = self._files.get(key)
        return url and url + (".metadata" if name.endswith(".metadata") else "")

    def page(self, path: str) -> bytes | None:
        """A package's page, its links led here; None where it is not the path of one."""
        number, _slash, name = path.rstrip("/").partition("/")
        if not (number.isdigit() and int(number) < len(self._indexes) and _NAME.fullmatch(name)):
            return None
        with self.open("%s/%s/" % (self._indexes[int(number)].rstrip("/"), name), "GET", {"Accept": _ACCEPTED}) as page:
            body = page.read(_LARGEST_PAGE + 1)
            if len(body) > _LARGEST_PAGE:
                raise ValueError("the page of %s is larger than %d bytes" % (name, _LARGEST_PAGE))
            base = page.geturl()
            if "json" in page.headers.get_content_type():
                document = json.loads(body)
            else:
                files = files_of_html(body.decode("utf-8", "replace"), base)
                document = {"meta": {"api-version": "1.0"}, "name": name, "files": files}
        document["files"] = [self._lead_here(entry, base) for entry in document["files"]]
        return json.dumps(document).encode()

    def _lead_here(self, entry: dict[str, t.Any], base: str) -> dict[str, t.Any]:
        url = urllib.parse.urljoin(base, entry["url"])
        if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
            raise ValueError("the page has a link to %s" % url)
        key = hashlib.sha256(url.encode()).hexdigest()
        self._files[key] = url
        return {**entry, "url": "%s/file/%s/%s" % (self.prefix, key, urllib.parse.quote(entry["filename"]))}


class _Handler(http.server.BaseHTTPRequestHandler):
    """Answers the build's requests."""

    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = _SECONDS

    def do_GET(self) -> None:
        self._begun = False
        try:
            if not self._answer():
                self.send_error(404)
        except BrokenPipeError:
            self.close_connection = True  # uv has seen enough
        except ConnectionResetError as error:
            self._fail(502, None if self._begun else str(error))  # in the middle of an answer it was uv
        except urllib.error.HTTPError as error:
            # That an index has no such package is an answer, not a fault.
            self._fail(error.code, None if error.code == 404 else "%s answered %d" % (error.url, error.code))
        except urllib.error.URLError as error:
            self._fail(502, str(error.reason))
        except (OSError, ValueError, KeyError, TypeError, http.client.HTTPException) as error:
            self._fail(502, str(error))

    do_HEAD = do_GET  # noqa: N815

    def _answer(self) -> bool:
        prefix = self.server.relay.prefix + "/"
        if not self.path.startswith(prefix):
            return False
        path = self.path[len(prefix) :]
        if path.startswith("file/"):
            url = self.server.relay.file(path[len("file/") :])
            if url:
                self._pass_on(url)
            return bool(url)
        with self.server.pages:
            return self._answer_page(path)

    def _answer_page(self, path: str) -> bool:
        page = self.server.relay.page(path)
        if page is not None:
            self.send_response(200)
            self.send_header("Content-Type", _PAGE)
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self._begun = True
            if self.command == "GET":
                self.wfile.write(page)
        return page is not None

    def _pass_on(self, url: str) -> None:
        wanted = {"Range": self.headers["Range"]} if self.headers["Range"] else {}
        with self.server.relay.open(url, self.command, wanted) as file:
            self.send_response(file.status)
            for name in _PASSED_ON:
                if file.headers[name]:
                    self.send_header(name, file.headers[name])
            if not file.headers["Content-Length"]:
                self.send_header("Connection", "close")
            self.end_headers()
            self._begun = True
            if self.command == "GET":
                shutil.copyfileobj(file, self.wfile)

    def _fail(self, code: int, complaint: str | None) -> None:
        if complaint:
            sys.stderr.write(complaint + "\n")
            sys.stderr.flush()
        if self._begun:
            # A second status line in the middle of a file would be taken for its content.
            self.close_connection = True
        else:
            self.send_error(code)

    def log_message(self, format: str, *args: t.Any) -> None:
        """Nothing: standard error is for what went wrong between us and the index."""


class _Server(http.server.ThreadingHTTPServer):
    """Serves a socket that listens already, and no more clients at once than it has room for."""

    def __init__(self, listener: socket.socket, relay: Relay) -> None:
        super().__init__(("", 0), _Handler, bind_and_activate=False)
        self.relay = relay
        self.socket.close()
        self.socket = listener
        self.pages = threading.BoundedSemaphore(_MOST_PAGES)
        self._room = threading.BoundedSemaphore(_MOST_CONNECTIONS)

    def process_request(self, request: t.Any, client_address: t.Any) -> None:
        self._room.acquire()
        super().process_request(request, client_address)

    def process_request_thread(self, request: t.Any, client_address: t.Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: t.Any, client_address: t.Any) -> None:
        """Nothing: the client hung up."""


def main() -> None:
    given = json.loads(sys.stdin.readline())
    server = _Server(socket.socket(fileno=given["socket"]), Relay(given["indexes"], given["prefix"]))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
