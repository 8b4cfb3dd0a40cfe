# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The generated configuration, judged by the real Streamlits: three generations of them."""

from __future__ import annotations

import json
import socket
import subprocess
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit.config import installed_streamlit
from helpers.configured_streamlit import running
from helpers.environments import environment
from helpers.release_target import MIDDLE, NEW, OLD

PUBLIC = "https://apps.example.com"
LISTED = "https://partner.example.org"


@pytest.mark.parametrize("version", [OLD, MIDDLE, NEW])
def test_the_options_are_those_that_streamlit_itself_has(version: str) -> None:
    """S0-25: read as text, without running anything of the environment, none missing and none made up."""
    folder = environment("streamlit", version)
    script = "import json, streamlit.config as c; print(json.dumps(sorted(c._config_options_template)))"
    answer = subprocess.run([folder / "bin" / "python", "-c", script], capture_output=True, text=True, check=True)
    assert installed_streamlit(str(folder), version).options == set(json.loads(answer.stdout))


@pytest.mark.parametrize("version", [OLD, MIDDLE, NEW])
def test_the_right_origins_are_let_in_and_only_those(tmp_path: Path, version: str) -> None:
    """C-02, C-03, C-04, S0-45, X1 to X6: same origin by Host, the public host behind a proxy that rewrites Host, nobody
    else; no warning about an option; and not reachable from another machine."""
    with running(tmp_path, version, PUBLIC) as streamlit:
        assert streamlit.status(PUBLIC) == 101
        assert streamlit.status(PUBLIC, host="backend.internal") == 101
        assert streamlit.status("https://localhost", host="localhost") == 101
        assert streamlit.status(None) == 101
        assert streamlit.status("https://evil.example.net") == 403
        assert streamlit.status("null") == 403
        seen = streamlit.run_script()
        assert (seen.ended, seen.exception) == (True, None)
        with pytest.raises(ConnectionRefusedError), socket.socket() as outside:
            outside.connect(("127.0.0.2", streamlit.port))
        log = streamlit.log.read_text()
    assert "not a valid config option" not in log
    assert "overridden" not in log


@pytest.mark.parametrize("version", [MIDDLE, NEW])
def test_listed_origins_are_let_in(tmp_path: Path, version: str) -> None:
    """X1, X2, X3, X5: the list does what the published variable never did; more than one works."""
    origins = [LISTED, "https://second.example.org"]
    with running(tmp_path, version, PUBLIC, route={"allowed_origins": origins}) as streamlit:
        assert [streamlit.status(origin) for origin in origins] == [101, 101]
        assert streamlit.status("https://evil.example.net") == 403
