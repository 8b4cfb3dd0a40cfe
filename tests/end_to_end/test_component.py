# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A component that asks for its files at the root of the site, as some published ones do, through both fronts."""

from __future__ import annotations

import contextlib
import shutil
from http import HTTPStatus
from pathlib import Path

import pytest
from helpers.browser import PINNED, Tab
from helpers.checkout import CHECKOUT
from helpers.fronts import Front, entry
from helpers.processes import Streamlit
from playwright.sync_api import Response, expect

APP = CHECKOUT / "tests" / "end_to_end" / "apps" / "component"
FILES = ("index.html", "look.css", "leaf.svg", "main.js", "told.js", "words.json")


@pytest.mark.parametrize(("server", "streamlit"), [("nginx", "1.67.0"), ("caddy", "1.41.1")])
def test_it_gets_them_from_the_process_of_its_page(tab: Tab, tmp_path: Path, server: str, streamlit: str) -> None:
    """Script, module, style, what the style names, and data."""
    folder = tmp_path / "app"
    shutil.copytree(APP, folder)
    answers: dict[str, tuple[int, bool]] = {}
    tab.page.on("response", lambda answer: _note(answers, answer))
    with contextlib.ExitStack() as stack:
        process = stack.enter_context(
            contextlib.closing(Streamlit(folder, streamlit, "/app", (APP / "app.py").read_text()))
        )
        front = stack.enter_context(contextlib.closing(Front(server, [entry("app")])))
        front.go_live("app", front.serve_streamlit("app", process.port, streamlit))
        front.start()
        tab.open("http://localhost:%d/app/" % front.port).heading("Component")
        frame = tab.page.locator("iframe[title$=rooted]").content_frame
        expect(frame.get_by_text("Found: oak and ash")).to_be_visible()
        expect(frame.locator("p")).to_have_css("color", "rgb(1, 2, 3)")
        tab.page.wait_for_load_state("networkidle")
    assert answers == dict.fromkeys(FILES, (HTTPStatus.OK, True))


def _note(answers: dict[str, tuple[int, bool]], answer: Response) -> None:
    """Remember how a file of the component was answered in the end, and whether its own process did."""
    path, _question, _query = answer.url.partition("?")
    if "/component/app.rooted/" in path and answer.status != HTTPStatus.TEMPORARY_REDIRECT:
        answers[path.rpartition("/")[2]] = (answer.status, bool(PINNED.search(path)))
