# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A visit to a Streamlit app with something of everything that a session keeps, and what of it is lost later."""

from __future__ import annotations

import json
import re
import time
import typing as t
from pathlib import Path

from helpers.browser_threads import Page

SCRIPT = """\
import streamlit as st

st.title("Version %d")
state = st.session_state
state.setdefault("clicks", 0)
if st.button("Count"):
    state["clicks"] += 1
st.write("Clicks: %%d." %% state["clicks"])
name = st.text_input("Name")
st.write("Name: %%s." %% name)
with st.form("form"):
    st.text_input("Note")
    st.form_submit_button("Send")
file = st.file_uploader("File")
st.write("File: %%s." %% (file.size if file else "none"))
st.write("That is all for %%d clicks." %% state["clicks"])
"""

PAGE, SESSION, TEXT, UNSENT, UPLOAD = "the page", "session state", "sent text", "unsent text", "an upload"
CLICKS = 2

_PATIENCE = 180.0  # seconds in which the page must have come, on a busy machine
_RETURN = 150.0  # seconds in which a page must be connected again: its client waits up to a minute between tries
_CLICK = 5.0  # seconds in which a click shows its effect; one that a page without connection has swallowed never does
_PAUSE = 0.1

_TEXT = "document.body.innerText"
_BUTTON = "[...document.querySelectorAll('button')].find(button => button.innerText.trim() === 'Count')"
_FIELD = (
    "[...document.querySelectorAll('[data-testid=stTextInput]')]"
    ".find(field => field.innerText.startsWith(%s))?.querySelector('input')"
)


class Visit:
    """One page, open until its browser ends."""

    def __init__(self, page: Page, url: str, file: Path) -> None:
        """Open the app and use it.

        :param file: is uploaded
        """
        self._page, self._size = page, file.stat().st_size
        page.open(url)
        self._sees("That is all for 0 clicks.")
        page.evaluate("(window.kept = true)")
        self._wait("!!document.querySelector('input[type=file]')")
        page.choose_file("input[type=file]", file)
        self._sees("File: %d." % self._size)
        self._type("Name", "Ann\n")
        self._sees("Name: Ann.")
        for number in range(1, CLICKS + 1):
            self._click()
            self._sees("That is all for %d clicks." % number)
        self._type("Note", "half a")

    def lost(self) -> set[str]:
        """What is no longer there, once the page is connected again.

        :raises AssertionError: it does not come back
        """
        clicks = self._count_on()
        text, kept = self._page.evaluate(_TEXT), self._page.evaluate("window.kept === true")
        found = {
            PAGE: kept,
            SESSION: clicks > CLICKS,
            TEXT: "Name: Ann." in text,
            UPLOAD: "File: %d." % self._size in text,
            UNSENT: self._page.evaluate(_field("Note") + ".value") == "half a",
        }
        return {name for name, is_there in found.items() if not is_there}

    def version(self) -> str:
        """The heading of the app."""
        return t.cast(str, self._page.evaluate("document.querySelector('h1').innerText"))

    def _count_on(self) -> int:
        """Click until the counter shows something else than before; what it shows then."""
        deadline = time.monotonic() + _RETURN
        while time.monotonic() < deadline:
            if self._page.evaluate("!!(%s) && !%s.disabled" % (_BUTTON, _BUTTON)):
                self._click()
            shown = time.monotonic() + _CLICK
            while time.monotonic() < shown:
                clicks = self._clicks()
                if clicks not in (None, 0, CLICKS):
                    return t.cast(int, clicks)
                time.sleep(_PAUSE)
        raise AssertionError("the page does not come back:\n%s" % self._page.evaluate(_TEXT))

    def _clicks(self) -> int | None:
        """What a complete run of the script says."""
        text = self._page.evaluate(_TEXT)
        ends = re.search(r"Clicks: ([0-9]+)\.(?s:.*)That is all for ([0-9]+) clicks\.", text)
        return int(ends[1]) if ends and ends[1] == ends[2] else None

    def _sees(self, text: str) -> None:
        self._wait("%s.includes(%s)" % (_TEXT, json.dumps(text)))

    def _click(self) -> None:
        self._page.evaluate("(%s).click()" % _BUTTON)

    def _type(self, label: str, text: str) -> None:
        self._wait("!!%s" % _field(label))
        self._page.evaluate(_field(label) + ".focus()")
        self._page.keys(text)

    def _wait(self, condition: str) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not self._page.evaluate(condition):
            assert time.monotonic() < deadline, "%s:\n%s" % (condition, self._page.evaluate(_TEXT))
            time.sleep(_PAUSE)


def _field(label: str) -> str:
    return _FIELD % json.dumps(label)
