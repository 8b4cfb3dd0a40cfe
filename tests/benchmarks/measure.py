# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the benchmarks measure: both sides of a ratio in one run, because machines differ and are noisy."""

from __future__ import annotations

import statistics
import time
import typing as t

REPEATS = 3


class Row(t.NamedTuple):
    """One ratio: ``ours`` over ``other``, and what the quality bar says of it."""

    what: str
    ours: float
    other: float
    unit: str
    goal: str

    @property
    def ratio(self) -> float:
        return self.ours / self.other


def seconds(work: t.Callable[[], object]) -> float:
    """How long something takes."""
    begun = time.monotonic()
    work()
    return time.monotonic() - begun


def in_turn(ours: t.Callable[[], object], other: t.Callable[[], object]) -> tuple[float, float]:
    """The medians of both sides, measured in turn, so that noise meets both."""
    return middle([(seconds(ours), seconds(other)) for _repeat in range(REPEATS)])


def middle(pairs: t.Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The medians of both sides."""
    return statistics.median(pair[0] for pair in pairs), statistics.median(pair[1] for pair in pairs)


def table(rows: t.Sequence[Row]) -> str:
    """The rows as text."""
    head = ("WHAT", "OURS", "OTHER", "UNIT", "RATIO", "GOAL")
    cells = [(row.what, f"{row.ours:.4g}", f"{row.other:.4g}", row.unit, f"{row.ratio:.3g}", row.goal) for row in rows]
    widths = [max(len(line[column]) for line in [head, *cells]) for column in range(len(head))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths)).rstrip() for line in [head, *cells]
    )
