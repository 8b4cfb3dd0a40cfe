# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents and scripts of an app through nginx and through Caddy, over Streamlit itself; bytes of a cold page."""

from __future__ import annotations

import contextlib
import re
import subprocess
import tempfile
import typing as t
import urllib.parse
import urllib.request
from pathlib import Path

from helpers.fronts import Front, entry
from helpers.processes import Streamlit
from measure import Row

VERSION = "1.67.0"
SCRIPT = "import streamlit as st\nst.write('hello')\n"


def _requests_per_second(url: str) -> float:
    """What wrk measures with 16 connections; browsers ask for compressed answers."""
    command = [
        "wrk",
        "--connections",
        "16",
        "--threads",
        "1",
        "--duration",
        "5s",
        "--header",
        "Accept-Encoding: gzip",
        url,
    ]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "Non-2xx" not in shown, shown
    found = re.search(r"Requests/sec:\s+([\d.]+)", shown)
    assert found, shown
    return float(found[1])


def _get(url: str) -> bytes:
    """The body as it is sent."""
    request = urllib.request.Request(url, headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return answer.read()


def _page(base: str) -> tuple[str, list[str]]:
    """The URL of an app's main script, and those of everything that its page names."""
    with urllib.request.urlopen(base, timeout=20) as answer:
        html = answer.read().decode()
    names = re.findall(r'(?:src|href)="([^"]+\.(?:js|css))"', html)
    urls = [urllib.parse.urljoin(base, name) for name in names]
    return next(url for url in urls if url.endswith(".js")), urls


def rows() -> t.Iterator[Row]:
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        streamlit = Streamlit(folder, VERSION, "/app", SCRIPT)
        stack.callback(streamlit.close)
        direct = "http://127.0.0.1:%d/app/" % streamlit.port
        for server in ("nginx", "caddy"):
            front = Front(server, [entry("app")])
            stack.callback(front.close)
            front.go_live("app", front.serve_streamlit("app", streamlit.port, VERSION))
            front.start()
            yield from _compare(server, "http://127.0.0.1:%d/app/" % front.port, direct)


def _compare(server: str, served: str, direct: str) -> t.Iterator[Row]:
    goals = {"nginx": (">= 50", ">= 20")}.get(server, ("", ""))
    unit = "requests/s"
    yield Row(
        f"documents: {server} / Streamlit", _requests_per_second(served), _requests_per_second(direct), unit, goals[0]
    )
    (script, ours), (direct_script, other) = _page(served), _page(direct)
    rates = _requests_per_second(script), _requests_per_second(direct_script)
    yield Row(f"scripts: {server} / Streamlit", *rates, unit, goals[1])
    sizes = [sum(len(_get(url)) for url in [base, *urls]) / 1e6 for base, urls in ((served, ours), (direct, other))]
    yield Row(f"bytes of a cold page: {server} / Streamlit", sizes[0], sizes[1], "MB", "<= 0.45")
