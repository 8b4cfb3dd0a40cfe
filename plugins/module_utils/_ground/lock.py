# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's lock: who changes something holds it.

The kernel frees an flock(2) when its holder dies, so a killed run never leaves a host locked.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
import typing as t


class LockedError(Exception):
    """Somebody else kept the lock for the whole time; the text says who and what to do."""


@contextlib.contextmanager
def host_lock(path: str, wait: float, purpose: str) -> t.Iterator[None]:
    """Hold the host's lock for a block.

    :param path: the lock file; its folder must exist
    :param wait: how many seconds to wait for another holder
    :param purpose: what this holder does, told to who waits for it ("deploys app_1")
    :raises LockedError: another holder kept it longer than that
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "r+", encoding="utf-8") as file:
        _acquire(file, path, wait)
        file.seek(0)
        file.truncate()
        file.write("pid %d %s\n" % (os.getpid(), purpose))
        file.flush()
        yield


def _acquire(file: t.TextIO, path: str, wait: float) -> None:
    deadline = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                file.seek(0)
                holder = file.read(200).strip() or "an unknown process"
                raise LockedError(
                    "another run changes this host (%s holds %s): waited %g s. Run again when it has ended."
                    % (holder, path, wait)
                ) from None
        time.sleep(0.1)
