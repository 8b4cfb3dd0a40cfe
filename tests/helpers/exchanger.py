# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A process of another user that exchanges two names again and again, as fast as the kernel does it: renameat2(2)."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import typing as t
from pathlib import Path

STRANGER = 54_321
"""A user id of nobody on this machine."""

_SCRIPT = """
import ctypes, sys
exchange = ctypes.CDLL(None).renameat2
pairs = [(sys.argv[i].encode(), sys.argv[i + 1].encode()) for i in range(1, len(sys.argv), 2)]
for one, other in pairs:
    if exchange(-100, one, -100, other, 2) != 0:
        sys.exit("these two cannot be exchanged: %s, %s" % (one, other))
print("exchanging", flush=True)
while True:
    for one, other in pairs:
        exchange(-100, one, -100, other, 2)
"""


@contextlib.contextmanager
def exchanging(folder: Path, *pairs: tuple[str, str], uid: int = STRANGER) -> t.Iterator[None]:
    """Have the names of each pair exchanged for the duration of a block.

    :param folder: one that the user can write; he stands in it, so closing what is above does not keep him out
    :param pairs: two paths below it each
    """
    words = [word for pair in pairs for word in pair]
    with subprocess.Popen(
        [sys.executable, "-I", "-c", _SCRIPT, *words], stdout=subprocess.PIPE, cwd=folder, user=uid, group=uid
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"exchanging\n"
            yield
            assert process.poll() is None, "the exchanger has ended by itself"
        finally:
            process.kill()
