# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look for a secret, also where it is written in base64, as modules get theirs."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path


def traces(secret: str) -> list[str]:
    """What to search for: the text, and the middle of its base64 forms, at each place that it can have in a longer
    one."""
    forms = []
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + secret.encode()).decode().rstrip("=")
        forms.append(whole[(before * 8 + 5) // 6 : -1])
    return [secret, *forms]


def shows(text: str, secret: str) -> bool:
    """Whether a text holds a secret."""
    return any(trace in text for trace in traces(secret))


def holders(folder: Path, secret: str) -> set[str]:
    """The files below a folder that hold a secret."""
    patterns = [word for trace in traces(secret) for word in ("-e", trace)]
    found = subprocess.run(["grep", "-rlaF", *patterns, folder], capture_output=True, text=True, check=False)
    return set(found.stdout.splitlines())
