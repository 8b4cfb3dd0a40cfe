# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table at the end of a page of the docs that a long run writes."""

from __future__ import annotations

import typing as t


def with_rows(page: str, head: str, rows: t.Iterable[t.Sequence[str]]) -> str:
    """The page with these rows in its table, and nothing behind it.

    :param head: the table's first two lines; a page without them gets a table
    """
    lines = ["| %s |\n" % " | ".join(cell.replace("|", "\\|") for cell in row) for row in rows]
    return page.partition(head)[0] + head + "".join(lines)
