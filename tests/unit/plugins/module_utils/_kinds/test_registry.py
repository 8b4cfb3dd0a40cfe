# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.registry import UnknownKindError, kind_of

SETTINGS = {"base_path": "/app-1", "streamlit": {"entry_file": "app_1.py", "port": 8001}}


def test_streamlit() -> None:
    """S0-44: only the port is an argument."""
    kind = kind_of("streamlit")
    command = ["/e/bin/python", "/e/bin/streamlit", "run", "app_1.py", "--server.port=20001"]
    assert kind.start_command(SETTINGS, "/e/bin/python", 20001) == command
    assert (kind.stop_signal, kind.health_body) == ("TERM", "ok")
    assert kind.health_path(SETTINGS) == "/app-1/_stcore/health"
    assert kind.stream_path({**SETTINGS, "base_path": ""}) == "/_stcore/stream"


@pytest.mark.parametrize(("level", "tells"), [(None, True), ("info", True), ("warning", True), ("error", False)])
def test_streamlit_tells_uncaught_exceptions_as_warnings(level: str | None, tells: bool) -> None:
    config = {} if level is None else {"logger.level": level}
    assert kind_of("streamlit").tells_exceptions({"streamlit": {"config": config}}) is tells


def test_an_unknown_kind_is_told_with_those_that_are_known() -> None:
    with pytest.raises(UnknownKindError, match=r"'wsgi' is not known; known are: streamlit"):
        kind_of("wsgi")
