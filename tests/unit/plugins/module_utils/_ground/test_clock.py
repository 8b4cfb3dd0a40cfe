# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times as they are written down."""

from __future__ import annotations

import datetime

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import clock as _clock


def test_this_moment_is_told_in_utc_to_the_second() -> None:
    before = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    told = datetime.datetime.strptime(_clock.now(), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc)
    assert before <= told <= datetime.datetime.now(datetime.timezone.utc)
