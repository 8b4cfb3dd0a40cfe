# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate's visitor: what runs with plain ``streamlit run`` in a browser is let in."""

from __future__ import annotations

import pytest
from helpers.serving_host import ServingHost

LET_IN = {
    "asks for the visitor's browser": """
import streamlit as st
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

st.write(st.context.headers["User-Agent"], st.context.headers["Accept-Language"], st.context.headers["Host"])
if hasattr(st.context, "timezone"):
    st.write(str(ZoneInfo(st.context.timezone)), st.context.locale)
if hasattr(st.context, "url"):
    assert urlsplit(st.context.url).hostname == "localhost", st.context.url
""",
    "never ends": """
import streamlit as st
import time

place = st.empty()
while True:
    place.write(time.time())
    time.sleep(0.5)
""",
    "shows an exception on purpose": """
import streamlit as st

try:
    {}["a table"]
except KeyError as error:
    st.exception(error)
""",
    "runs again and again": """
import streamlit as st

st.session_state.runs = st.session_state.get("runs", 0) + 1
if st.session_state.runs < 4:
    st.rerun()
st.write(st.session_state.runs)
""",
    "stops": "import streamlit as st\nst.write('before')\nst.stop()\n1 / 0\n",
}

REFUSED = {
    "after it has shown much": ("import streamlit as st\nst.write('x')\n{}['no key']\n", "KeyError: 'no key'"),
    "in a log that tells no exceptions": ("import streamlit as st\n{}['no key']\n", "KeyError"),
}


@pytest.mark.parametrize("streamlit", ["1.41.1", "1.67.0"])
def test_what_a_browser_would_show_is_let_in_and_what_it_would_not_is_refused(
    serving_host: ServingHost, streamlit: str
) -> None:
    short = streamlit.replace(".", "")
    names = {}
    for number, (what, script) in enumerate(LET_IN.items()):
        names[what] = serving_host.add_app("in%d-%s" % (number, short))
        serving_host.release(names[what], script, streamlit)
    for number, (what, (script, _cause)) in enumerate(REFUSED.items()):
        names[what] = serving_host.add_app("out%d-%s" % (number, short))
        if "log" in what:
            entry = serving_host.apps[names[what]]
            entry["streamlit"]["config"] = {"logger.level": "error"}
            entry["env"] = {"STREAMLIT_LOGGER_LEVEL": "error"}
        serving_host.release(names[what], script, streamlit)
    results = serving_host.deploy().results
    assert {what: results[names[what]]["reason"] for what in LET_IN} == dict.fromkeys(LET_IN, "")
    told = {what: " ".join(results[names[what]]["notices"]) for what in LET_IN}
    assert "did not end while it was looked at" in told.pop("never ends")
    assert "taken as shown on purpose: KeyError: 'a table'" in told.pop("shows an exception on purpose")
    assert set(told.values()) == {""}
    for what, (_script, cause) in REFUSED.items():
        result = results[names[what]]
        assert (result["step"], cause in result["reason"]) == ("script", True), (what, result)
