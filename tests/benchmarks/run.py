# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints the ratios that the quality bar names; asserts none of them, because a busy machine is no failure.

Names of parts (``converge``, ``deploys``, ``environments``, ``fronts``, ``healthcheck``, ``rollback``) run only those.
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
import rollback
from measure import Row, table


def measure(parts: t.Collection[str]) -> list[Row]:
    """The rows of these parts; each is said as soon as it is known."""
    found = []
    with contextlib.ExitStack() as stack:
        sources = {
            "fronts": fronts.rows,
            "environments": environments.rows,
            "healthcheck": healthcheck.rows,
            "converge": lambda: converge.rows(stack),
            "deploys": lambda: deploys.rows(stack),
            "rollback": lambda: rollback.rows(stack),
        }
        for part, rows in sources.items():
            if part in parts or not parts:
                with contextlib.redirect_stdout(io.StringIO()):
                    found += list(rows())
                print(table(found), end="\n\n", file=sys.stderr)
    return found


if __name__ == "__main__":
    print(table(measure(sys.argv[1:])))
