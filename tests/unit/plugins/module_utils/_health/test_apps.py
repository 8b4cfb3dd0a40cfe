# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The questions to one process; real processes are asked in tests/integration/test_healthcheck.py."""

from __future__ import annotations

import http.server
import threading
import time
import typing as t

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.apps import FOREIGN_ORIGIN, Programs, _Questions
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.crashes import Death
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.rpc import process_from_info

SETTINGS = {"kind": "streamlit", "base_path": "/app"}


class Process(http.server.ThreadingHTTPServer):
    """A stand-in for an app's process that is well by its health body and refuses every WebSocket, or hangs there."""

    daemon_threads = True

    def __init__(self, hangs: bool = False) -> None:
        asked: list[tuple[str, str | None]] = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append((self.path, self.headers.get("Origin")))
                if self.path == "/app/_stcore/health":
                    self.send_response(200)
                    self.end_headers()
                    self.wfile.write(b"ok")
                elif hangs:
                    time.sleep(5)
                else:
                    self.send_error(403)

            def log_message(self, format: str, *args: t.Any) -> None:
                """Nothing."""

        super().__init__(("127.0.0.1", 0), Handler)
        self.asked = asked
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def port(self) -> int:
        return int(self.server_address[1])


@pytest.mark.parametrize(
    ("hangs", "words"), [(False, "is refused by the app with 403"), (True, "no answer within 1 s")]
)
def test_a_process_that_is_well_by_its_body_can_still_refuse_its_own_page(hangs: bool, words: str) -> None:
    """C-01, S0-82, S0-87: a handshake as its own page, in time; never as a foreign page."""
    with Process(hangs) as process:
        (problem,) = _Questions(SETTINGS, process.port, None, time.monotonic() + 1.04).problems()
        process.shutdown()
    own = "http://localhost:%d" % process.port
    assert problem.startswith("a WebSocket from " + own)
    assert words in problem
    assert process.asked == [("/app/_stcore/health", None), ("/app/_stcore/stream", own)]
    assert FOREIGN_ORIGIN not in [origin for _path, origin in process.asked]


def _process(name: str, state: str) -> dict[str, t.Any]:
    return {
        **dict.fromkeys(("start", "stop", "exitstatus"), 0),
        **dict.fromkeys(("spawnerr", "stdout_logfile", "stderr_logfile"), ""),
        "name": name,
        "group": name,
        "statename": state,
        "description": "x",
        "pid": 7,
        "now": 100,
    }


@pytest.mark.parametrize(
    ("state", "well"),
    [
        ("RUNNING", True),
        ("STARTING", True),
        ("BACKOFF", False),
        ("FATAL", False),
        ("STOPPED", False),
        ("STOPPING", False),
        ("EXITED", False),
        ("UNKNOWN", False),
    ],
)
def test_which_states_are_well(state: str, well: bool) -> None:
    """S0-81, S0-87."""
    process = process_from_info(_process("app", state))
    assert (Programs({"app": process}, {}).problems("app") == []) is well


def test_a_crash_loop_is_told_beside_the_state() -> None:
    """X14, S0-86."""
    process = process_from_info({**_process("app", "BACKOFF"), "pid": 0})
    programs = Programs({"app": process}, {"app": [Death(90.0 + second, 1.0) for second in range(3)]})
    state, loop = programs.problems("app")
    assert state.startswith("BACKOFF")
    assert loop.startswith("crash loop")
    assert programs.recent_deaths("app") == 3
    assert programs.problems("unknown") == ["supervisor does not know its program"]
