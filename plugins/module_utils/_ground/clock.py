# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""This moment, and how times are written down: UTC, to the second."""

from __future__ import annotations

import datetime

TIME = "%Y-%m-%dT%H:%M:%SZ"


def now() -> str:
    """This moment, as it is written down."""
    return datetime.datetime.now(datetime.timezone.utc).strftime(TIME)
