# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints the ratios that the quality bar names; asserts none of them, because a busy machine is no failure.

Names of parts (``converge``, ``deploys``, ``environments``, ``fronts``, ``healthcheck``, ``images``,
``rollback``) run only those.
"""

from __future__ import annotations

import contextlib
import io
import sys
import typing as t

import converge
import deploys
import environments
import fronts
import healthcheck
import images
import rollback
from measure import Row, table


def measure(parts: t.Collection[str]) -> list[Row]:
    """The rows of these parts; each is said as soon as it is known."""
    sources: dict[str, t.Callable[[contextlib.ExitStack], t.Iterator[Row]]] = {
        "fronts": lambda _stack: fronts.rows(),
        "environments": lambda _stack: environments.rows(),
        "healthcheck": lambda _stack: healthcheck.rows(),
        "converge": converge.rows,
        "deploys": deploys.rows,
        "rollback": rollback.rows,
        "images": images.rows,
    }
    found: list[Row] = []
    for part, rows in sources.items():
        if part in parts or not parts:
            # A part's hosts go before the next part makes its own: root's share the machine's users.
            with contextlib.ExitStack() as stack, contextlib.redirect_stdout(io.StringIO()):
                found += list(rows(stack))
            print(table(found), end="\n\n", file=sys.stderr)
    return found


if __name__ == "__main__":
    print(table(measure(sys.argv[1:])))
