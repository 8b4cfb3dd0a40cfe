# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A locale that no developer has: Turkish, whose own i finds who lowers letters or reads messages by the locale."""

from __future__ import annotations

import subprocess
from pathlib import Path


def make_locale(folder: Path, encoding: str) -> dict[str, str]:
    """Make Turkish in an encoding; the variables by which a process speaks it."""
    name = "tr_TR." + encoding
    subprocess.run(["localedef", "-i", "tr_TR", "-f", encoding, folder / name], check=True, timeout=120)
    return {"LOCPATH": str(folder), "LC_ALL": name, "LANG": name}


def turkish(folder: Path) -> dict[str, str]:
    """Turkish in UTF-8."""
    return make_locale(folder, "UTF-8")
