# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environments of the two example apps from a cold cache, and what one more app costs."""

from __future__ import annotations

import os
import subprocess
import tempfile
import typing as t
from pathlib import Path

from ansible_collections.selfhost.pyapps.plugins.modules import environments
from helpers.environment_host import SYSTEM_PYTHON, Host, app, temporary_host
from helpers.modules import run_module
from measure import Row, in_turn, seconds

APPS = Path(__file__).resolve().parents[2] / "apps"


def _examples() -> list[dict[str, t.Any]]:
    folders = [APPS / name for name in ("app_1", "app_2")]
    return [app(folder.name, (folder / "requirements.txt").read_text(), kind="streamlit") for folder in folders]


def _ours() -> None:
    """A new store, its cache empty."""
    with temporary_host() as host:
        _build(host, _examples())


def _pip() -> None:
    """``python -m venv`` and ``pip install`` for each app, nothing cached."""
    for name in ("app_1", "app_2"):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([SYSTEM_PYTHON, "-m", "venv", folder], check=True)
            pip = [folder + "/bin/pip", "install", "--quiet", "--no-cache-dir", "--disable-pip-version-check"]
            subprocess.run([*pip, "-r", str(APPS / name / "requirements.txt")], check=True)


def _build(host: Host, apps: list[dict[str, t.Any]]) -> None:
    report = run_module(environments, root=host.root, apps=apps)
    assert {result["state"] for result in report["app_results"].values()} == {"ok"}, report


def _used(host: Host) -> int:
    """Bytes on disk, each file once however many names it has."""
    statuses = [
        os.lstat(os.path.join(folder, name))
        for folder, folders, names in os.walk(host.layout.srv)
        for name in [*folders, *names]
    ]
    return sum({status.st_ino: status.st_blocks * 512 for status in statuses}.values())


def rows() -> t.Iterator[Row]:
    ours, other = in_turn(_ours, _pip)
    yield Row("environments of the examples, cold / venv and pip", ours, other, "s", "<= 0.25")
    with temporary_host() as host:
        apps = _examples()
        _build(host, apps)
        before = _used(host)
        # Another name for the same requirements; Streamlit's own size is what an environment of its own would cost.
        took = seconds(lambda: _build(host, [*apps, {**apps[0], "name": "one_more"}]))
        yield Row("one more app with equal requirements, time / 0.3 s", took, 0.3, "s", "<= 1")
        yield Row("one more app with equal requirements, disk / 5 MB", (_used(host) - before) / 1e6, 5, "MB", "<= 1")
