# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import threading
import time

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.parallel import in_parallel


def test_all_are_asked_at_once_and_answer_in_order() -> None:
    together = threading.Barrier(30, timeout=10)
    assert in_parallel([lambda n=n: (together.wait(), n)[1] for n in range(30)], 10, lambda index: -1) == list(
        range(30)
    )
    assert in_parallel([], 10, lambda index: -1) == []


def test_who_does_not_come_back_is_not_waited_for() -> None:
    """S0-82."""
    never = threading.Event()
    begun = time.monotonic()
    assert in_parallel([lambda: 1, lambda: int(never.wait(30)), lambda: 3], 0.3, lambda index: -index) == [1, -1, 3]
    assert time.monotonic() - begun < 5
    never.set()
