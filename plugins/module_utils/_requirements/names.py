# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of the files that say what is needed: an app's own, and those that we write for uv. Pure."""

from __future__ import annotations

LIST = "requirements.txt"
PROJECT = "pyproject.toml"
UV_LOCK = "uv.lock"
PYLOCK = "pylock.toml"
POETRY_LOCK = "poetry.lock"
PIPFILE = "Pipfile"
PIPFILE_LOCK = "Pipfile.lock"
CONDA = ("environment.yml", "environment.yaml")
CODE = ("setup.py", "setup.cfg")
"""Which say it in code, or for who packages the app; they are only named."""
CONSTRAINTS = "constraints.txt"
"""What limits versions of packages, wherever it was said."""
OVERRIDES = "overrides.txt"
"""What overrules what packages say that they need."""
