# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets in real Streamlits, three generations of them: found where a release puts them, and what [auth] changes."""

from __future__ import annotations

import hashlib
import json
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.secrets_given import read_given
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.probe_http import get
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import Report
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit.kind import STREAMLIT
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.release_store import add_secrets
from helpers.configured_streamlit import running
from helpers.environments import environment
from helpers.release_target import MIDDLE, NEW, OLD

PUBLIC = "https://apps.example.com"
KNOWN = 'can"ary\\ ü'
HASHED = "sha256:" + hashlib.sha256(KNOWN.encode()).hexdigest()

every_streamlit = pytest.mark.parametrize("version", [OLD, MIDDLE, NEW])

# As OCapistaine's app/auth.py compares, which is the published way to keep others out.
LOGIN = """\
import hashlib
import hmac

import streamlit as st

expected = st.secrets["auth"]["password"]
given = st.text_input("Password")
if expected.startswith("sha256:"):
    given = "sha256:" + hashlib.sha256(given.encode()).hexdigest()
if not hmac.compare_digest(given.encode(), expected.encode()):
    st.stop()
st.write("welcome")
"""
TRY_PASSWORDS = """\
import json, sys
from streamlit.testing.v1 import AppTest

app = AppTest.from_file("app.py", default_timeout=20).run()
seen = []
for password in sys.argv[1:]:
    app.text_input[0].set_value(password).run()
    seen.append(["welcome" in part.value for part in app.markdown])
print(json.dumps([len(app.exception), seen]))
"""


def release(folder: Path, toml: str | dict[str, t.Any]) -> Path:
    """A release's folder with these secrets; its code's folder."""
    (folder / "code" / ".streamlit").mkdir(parents=True)
    report = Report()
    add_secrets(
        str(folder),
        read_given({"app": {"toml": toml}}, report.about("pyapps_secrets"))["app"],
        None,
        STREAMLIT.secrets_file,
    )
    assert report.problems == []
    return folder / "code"


@every_streamlit
def test_streamlit_finds_its_secrets_and_auth_forces_xsrf_on(tmp_path: Path, version: str) -> None:
    """S1-29, X6: `[auth]`, also with a password only, makes Streamlit set its XSRF cookie; who is let in is as without,
    because a release has that protection on anyway."""
    table = {"auth": {"password": KNOWN}, "top": 1, "db": {"a.b": {"ports": [1, 2]}}}
    code = release(tmp_path, table)
    script = "import streamlit as st\n\nassert st.secrets.to_dict() == %r, 'not equal'\n" % table
    with running(code, version, PUBLIC, script) as streamlit:
        seen = streamlit.run_script()
        assert (seen.ended, seen.exception) == (True, None), streamlit.log.read_text()
        assert streamlit.status(PUBLIC) == 101
        assert streamlit.status("https://evil.example.net") == 403
        _status, headers, _body = get("127.0.0.1", streamlit.port, "/app/_stcore/health", 20)
        log = streamlit.log.read_text()
    assert "_streamlit_xsrf" in str(headers)
    assert "ecrets" not in log


@every_streamlit
@pytest.mark.parametrize("kept", [KNOWN, HASHED], ids=["plain", "sha256"])
def test_the_published_login_lets_in_only_who_knows_the_password(tmp_path: Path, version: str, kept: str) -> None:
    """S1-29, X7."""
    code = release(tmp_path, "[auth]\npassword = %s\n" % json.dumps(kept))
    (code / "app.py").write_text(LOGIN)
    python = environment("streamlit", version) / "bin" / "python"
    command = [python, "-c", TRY_PASSWORDS, "", "wrong", KNOWN]
    done = subprocess.run(command, cwd=code, capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(done.stdout) == [0, [[], [], [True]]]
