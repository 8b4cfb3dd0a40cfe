# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A table of text for people."""

from __future__ import annotations

import typing as t
import unicodedata

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import printable


def width(text: str) -> int:
    """How many columns of a terminal a text takes (wide characters take two, combining ones none)."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def table(head: t.Sequence[str], rows: t.Iterable[t.Sequence[str]]) -> list[str]:
    """The lines of a table whose columns are as wide as their widest cell.

    :param head: one title a column
    :param rows: as many cells as titles in each
    """
    lines = [list(head), *[[printable(cell) for cell in row] for row in rows]]
    widths = [max(width(line[column]) for line in lines) for column in range(len(head))]
    return [
        "  ".join(cell + " " * (widths[column] - width(cell)) for column, cell in enumerate(line)).rstrip()
        for line in lines
    ]
