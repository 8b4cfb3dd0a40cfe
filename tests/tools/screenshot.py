#!/usr/bin/env python3
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes ``docs/images/demo.png``: the gallery, and beside it app 1, as ``make demo`` serves them.

``PYTHONPATH=tests .tools/venv/bin/python tests/tools/screenshot.py [URL]``, while the demo runs.
"""

from __future__ import annotations

import base64
import sys
from pathlib import Path

from helpers.browser import Tab, chromium
from playwright.sync_api import Browser, ViewportSize

PICTURE = Path(__file__).resolve().parents[2] / "docs" / "images" / "demo.png"
VIEW = ViewportSize(width=520, height=340)

# Two windows side by side, each with its address.
SHEET = """\
<!DOCTYPE html>
<style>
body { margin: 0; padding: 16px; display: inline-flex; gap: 16px; background: #fff; font: 13px system-ui, sans-serif; }
figure { margin: 0; border: 1px solid #c8ced6; border-radius: 8px; overflow: hidden; }
figcaption { padding: 6px 12px; background: #e9ecf0; color: #3b434c; border-bottom: 1px solid #c8ced6; }
img { display: block; }
</style>
"""
WINDOW = '<figure><figcaption>%s</figcaption><img src="data:image/png;base64,%s"></figure>\n'


def window(tab: Tab) -> str:
    """The tab as a figure of the sheet."""
    picture = base64.b64encode(tab.page.screenshot(animations="disabled")).decode()
    return WINDOW % (tab.page.url.removeprefix("http://"), picture)


def open_tab(browser: Browser, url: str) -> Tab:
    tab = Tab(browser)
    tab.page.set_viewport_size(VIEW)
    return tab.open(url)


def main(url: str) -> None:
    with chromium() as browser:
        gallery = open_tab(browser, url + "/")
        app = open_tab(browser, url + "/app-1/")
        app.sees("Hello from App 1!")
        for number in range(1, 4):
            app.click("Count")
            app.sees("Counted: %d" % number)
        app.page.mouse.move(0, 0)
        sheet = Tab(browser)
        sheet.page.set_content(SHEET + window(gallery) + window(app))
        PICTURE.parent.mkdir(parents=True, exist_ok=True)
        sheet.page.locator("body").screenshot(path=PICTURE)


if __name__ == "__main__":
    main((sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8080").rstrip("/"))
