# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask many at once, and never wait for one that does not come back."""

from __future__ import annotations

import threading
import time
import typing as t

Result = t.TypeVar("Result")

_STACK = 512 * 1024  # bytes; a thread for each of hundreds of apps shall not reserve gigabytes


def in_parallel(
    questions: t.Sequence[t.Callable[[], Result]], seconds: float, late: t.Callable[[int], Result]
) -> list[Result]:
    """The answers of all, in order.

    :param questions: each is asked in a thread of its own, and raises nothing
    :param seconds: after which nobody is waited for; a thread that still hangs (in a name server's question) ends with
        the process
    :param late: the answer for the question with this index, which has none by then
    """
    answers: dict[int, Result] = {}

    def ask(index: int) -> None:
        answers[index] = questions[index]()

    before = threading.stack_size(_STACK)
    try:
        threads = [threading.Thread(target=ask, args=(index,), daemon=True) for index in range(len(questions))]
        for thread in threads:
            thread.start()
    finally:
        threading.stack_size(before)
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return [answers[index] if index in answers else late(index) for index in range(len(questions))]
