# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import http.server
import threading
import typing as t

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.front_answers import asked
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.settings import FrontAddress
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import Result, Results

APP = {"name": "app_1", "kind": "streamlit", "base_path": "/app-1"}
RESULT = {"app_1": Result(note="live", changed=True)}
GOOD = {"/app-1/": (200, "page"), "/app-1/_stcore/health": (200, "ok")}


class Front:
    """A server with fixed answers; what it does not know is 404."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, str]] = {}
        self.hosts: set[str] = set()
        front = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                front.hosts.add(self.headers["Host"])
                status, text = front.answers.get(self.path, (404, "Welcome to nginx!"))
                self.send_response(status)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_arguments: t.Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def ask(self, seconds: float = 0.3, results: Results | None = None) -> Results:
        address = FrontAddress("nginx", "127.0.0.1", self.server.server_port, "localhost")
        return asked([APP], results or RESULT, address, seconds)


@pytest.fixture
def front() -> t.Iterator[Front]:
    found = Front()
    yield found
    found.server.shutdown()
    found.server.server_close()


def test_an_app_that_opens_keeps_its_result(front: Front) -> None:
    front.answers = GOOD
    assert front.ask() == RESULT
    assert front.hosts == {"localhost:%d" % front.server.server_port}


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({}, "the answer is 404 instead of 200"),
        ({"/app-1/": (200, "Welcome")}, "/app-1/_stcore/health answers 404 'Welcome to nginx!' instead of 200 'ok'"),
        ({**GOOD, "/app-1/": (503, "away")}, "the answer is 503 instead of 200"),
    ],
)
def test_who_else_answers_is_a_failure_with_the_url(
    front: Front, answers: dict[str, tuple[int, str]], words: str
) -> None:
    front.answers = answers
    result = front.ask()["app_1"]
    assert (result.state, result.step, result.log) == ("failed", "front", ())
    assert words in result.reason
    assert "http://localhost:%d/app-1/ does not open the app" % front.server.server_port in result.reason


def test_a_front_that_needs_a_moment_is_waited_for(front: Front) -> None:
    threading.Timer(0.5, lambda: front.answers.update(GOOD)).start()
    assert front.ask(10) == RESULT


def test_an_app_that_has_failed_already_keeps_its_own_reason(front: Front) -> None:
    failed = {"app_1": Result().failed("script", "NameError")}
    assert front.ask(results=failed) == failed


def test_a_front_that_is_not_there_is_told(front: Front) -> None:
    front.server.shutdown()
    front.server.server_close()
    assert "connection refused" in front.ask()["app_1"].reason
