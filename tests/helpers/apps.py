# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders of apps for tests: the published samples, and variations of them."""

from __future__ import annotations

from pathlib import Path

SETTINGS = '[streamlit]\nentry_file = "main.py"\n'
"""The smallest setup.toml."""


def make_app(folder: Path, settings: str | bytes = SETTINGS, files: dict[str, str | bytes] | None = None) -> Path:
    """Make an app's folder with ``setup.toml``, ``main.py`` and ``requirements.txt``, and what ``files`` says."""
    contents: dict[str, str | bytes] = {
        "setup.toml": settings,
        "main.py": "import streamlit as st\n",
        "requirements.txt": "streamlit==1.41.*\n",
        **(files or {}),
    }
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def sample(number: int) -> str:
    """The published ``setup.toml`` of App 1 or App 2 (S0-08)."""
    return (
        f'title = "App {number}"\n\n[owner]\nname = "Johan"\n\n'
        f'[streamlit]\nport = 800{number}\nbase_path = "/app-{number}"\nentry_file = "app_{number}.py"\n'
    )
