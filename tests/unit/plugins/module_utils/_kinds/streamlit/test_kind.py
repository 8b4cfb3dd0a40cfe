# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.registry import kind_of
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit.kind import STREAM
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.endpoint import Endpoint

SETTINGS = {"kind": "streamlit", "base_path": "/app-1", "streamlit": {"entry_file": "app_1.py", "port": 8001}}


def test_only_the_port_is_an_argument() -> None:
    """S0-44: only the port is an argument."""
    kind = kind_of(SETTINGS)
    command = ["/e/bin/python", "/e/bin/streamlit", "run", "app_1.py", "--server.port=20001"]
    assert kind.start_command(SETTINGS, "/e/bin/python", Endpoint(20001)) == command
    assert (kind.stop_signal, kind.health_body) == ("TERM", "ok")
    assert kind.health_path(SETTINGS) == "/app-1/_stcore/health"
    assert STREAM.path({**SETTINGS, "base_path": ""}) == "/_stcore/stream"


def test_it_does_not_listen_on_a_socket() -> None:
    with pytest.raises(ValueError, match="socket /run/x is not a TCP port"):
        kind_of(SETTINGS).start_command(SETTINGS, "/e/bin/python", Endpoint(path="/run/x"))


def test_the_number_of_sessions_is_read_from_its_metrics() -> None:
    sessions = kind_of(SETTINGS).sessions
    assert sessions is not None
    assert sessions.count(b"# TYPE active_sessions gauge\nactive_sessions 12\n") == 12
    assert sessions.count(b"active_sessions_total 3\n") is None
