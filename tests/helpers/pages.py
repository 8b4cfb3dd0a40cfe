# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documentation tells people to type."""

from __future__ import annotations

import shlex
import typing as t
from pathlib import Path


class Block(t.NamedTuple):
    """A block of code of a page: its language, its lines (a continued one is one), and the paragraph before it."""

    language: str
    lines: list[str]
    before: str


def blocks(page: Path) -> t.Iterator[Block]:
    """Every fenced block of a page."""
    before: list[str] = []
    lines: list[str] | None = None
    language = ""
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.lstrip().startswith("```"):
            if lines is None:
                lines, language = [], line.strip()[3:]
            else:
                yield Block(language, lines, "\n".join(before))
                lines, before = None, []
        elif lines and lines[-1].endswith("\\"):
            lines[-1] = lines[-1][:-1] + line.lstrip()
        elif lines is not None:
            lines.append(line)
        elif line:
            before.append(line)
        elif before and not before[-1].endswith((":", ":*")):
            before = []


def commands(page: Path, program: str) -> list[list[str]]:
    """The words of every line in a code block without a language that begins with a program."""
    lines = [line for block in blocks(page) if not block.language for line in block.lines]
    return [shlex.split(line, comments=True) for line in lines if line.split()[:1] == [program]]
