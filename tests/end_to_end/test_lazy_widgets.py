# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Widgets whose code is loaded when they are shown, under six Streamlits; `make versions` tries every minor version."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.fronts import Front, entry
from helpers.lazy_widgets import SCRIPT, visit
from helpers.processes import Streamlit
from helpers.streamlit_versions import install, minor_versions
from playwright.sync_api import Browser

VERSIONS = [
    ("1.20", "nginx"),
    ("1.22", "caddy"),
    ("1.30", "nginx"),
    ("1.36", "caddy"),
    ("1.40", "nginx"),
    ("1.46", "caddy"),
]
"""Five with webpack's way to find scripts, one with the interface for hosts; test_visit.py has newer ones."""


@pytest.mark.parametrize(("minor", "server"), VERSIONS)
def test_every_widget_is_shown(browser: Browser, tmp_path: Path, minor: str, server: str) -> None:
    """Streamlit up to 1.40 asks for them by a path relative to the page, where the front has only pages."""
    found = next(version for version in minor_versions() if version.minor == minor)
    install(found.version, found.uploaded)
    process = Streamlit(tmp_path, found.version, "/app", SCRIPT)
    front = Front(server, [entry("app")])
    try:
        front.go_live("app", front.serve_streamlit("app", process.port, found.version))
        front.start()
        seen = visit(browser, "http://127.0.0.1:%d/app/" % front.port)
    finally:
        front.close()
        process.close()
    assert seen.trouble == []
    assert seen.pinned
