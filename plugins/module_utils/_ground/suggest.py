# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The nearest valid name for a typo."""

from __future__ import annotations

import difflib
import typing as t

_LONGEST_COMPARED = 64  # comparing is quadratic, and nobody mistypes a longer name


def nearest(name: str, valid: t.Iterable[str]) -> str | None:
    """The valid name that was most likely meant, or None when none is near.

    Spelling that differs only in case or in ``-`` and ``_`` counts as equal.
    """
    if len(name) > _LONGEST_COMPARED:
        return None
    folded = {_fold(candidate): candidate for candidate in valid}
    matches = difflib.get_close_matches(_fold(name), sorted(folded), n=1, cutoff=0.6)
    return folded[matches[0]] if matches else None


def _fold(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")
