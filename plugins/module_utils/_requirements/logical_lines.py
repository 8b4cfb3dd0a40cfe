# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines of a requirements.txt, as uv reads them. Pure."""

from __future__ import annotations

import re
import typing as t

_COMMENT = re.compile(r"(?:^|[ \t])#")
_LINE_END = re.compile(r"\r\n|\r|\n")


def logical_lines(text: str) -> t.Iterator[tuple[int, str]]:
    """Lines as uv reads them, with the number of their first line, without blanks around them and without empty ones.

    A backslash at the end of a line is a blank that goes on with the next one. A comment begins with a ``#`` at the
    beginning of a line or behind a blank, and ends with its line, whatever is at its end.
    """
    pending: list[str] = []
    first = 0
    lines = _LINE_END.split(text)
    for number, line in enumerate(lines, 1):
        first = first or number
        comment = _COMMENT.search(line)
        if comment is None and line.endswith("\\") and number < len(lines):
            pending.append(line[:-1])
            continue
        pending.append(line[: comment.start()] if comment else line)
        whole = " ".join(pending).strip(" \t")
        if whole:
            yield first, whole
        pending, first = [], 0
