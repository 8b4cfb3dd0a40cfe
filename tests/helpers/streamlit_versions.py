# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any version of Streamlit, with the packages of the days in which it was released."""

from __future__ import annotations

import datetime
import json
import os
import re
import shutil
import subprocess
import sys
import typing as t
import urllib.request
from pathlib import Path

from helpers.environments import CACHE, once

OLDEST = (1, 20)
_INDEX = os.environ.get("UV_DEFAULT_INDEX", "https://pypi.org/simple").rstrip("/")
_FORMAT = "application/vnd.pypi.simple.v1+json"
_WHEEL = re.compile(r"streamlit-(?P<version>(?P<minor>[0-9]+\.[0-9]+)\.[0-9]+(?:\.[0-9]+)?)-.*\.whl")
_GRACE = datetime.timedelta(days=2)
_LINES_OF_A_REASON = 6


class Version(t.NamedTuple):
    """The last release of one minor version."""

    minor: str
    version: str
    uploaded: datetime.datetime


class CannotInstallError(Exception):
    """The text is uv's reason."""


def minor_versions() -> list[Version]:
    """Every minor version since :data:`OLDEST`, the oldest first, as the index has them."""
    question = urllib.request.Request(_INDEX + "/streamlit/", headers={"Accept": _FORMAT})
    with urllib.request.urlopen(question, timeout=60) as answer:
        files = json.load(answer)["files"]
    found: dict[tuple[int, ...], Version] = {}
    for file in files:
        match = _WHEEL.fullmatch(file["filename"])
        if not match or file.get("yanked"):
            continue
        minor = _numbers(match["minor"])
        uploaded = datetime.datetime.fromisoformat(file["upload-time"].replace("Z", "+00:00"))
        this = Version(match["minor"], match["version"], uploaded)
        if minor >= OLDEST and (minor not in found or _numbers(found[minor].version) < _numbers(this.version)):
            found[minor] = this
    return [found[minor] for minor in sorted(found)]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def install(version: str, uploaded: datetime.datetime) -> Path:
    """Make the environment that :func:`helpers.environments.environment` gives for this version from then on.

    :raises CannotInstallError: no set of packages of those days fits this machine's Python
    """
    folder = CACHE / ("streamlit-" + version)
    uv = Path(sys.executable).with_name("uv")
    try:
        with once(folder / ".compiled") as needed:
            if needed:
                _run(uv, "venv", "--quiet", "--clear", "--python", "/usr/bin/python3", folder)
                newest = (uploaded + _GRACE).strftime("%Y-%m-%dT%H:%M:%SZ")
                python = ("--python", folder / "bin" / "python", "--exclude-newer", newest)
                _run(
                    uv,
                    "pip",
                    "install",
                    "--quiet",
                    *python,
                    "--only-binary",
                    ":all:",
                    "streamlit==" + version,
                    "plotly",
                )
    except CannotInstallError:
        remove(version)
        raise
    return folder


def remove(version: str) -> None:
    """Delete an environment that :func:`install` has made."""
    shutil.rmtree(CACHE / ("streamlit-" + version), ignore_errors=True)


def _run(*command: str | os.PathLike[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode != 0:
        raise CannotInstallError(" ".join(done.stderr.split("\n")[:_LINES_OF_A_REASON]).strip())
