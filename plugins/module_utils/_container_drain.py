# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let a container end when nobody needs it any more: ``pyapps container-drain SECONDS``. PRIVATE to the collection.

Another container has taken its place, so no new page comes here; what is left are the tabs that are open.
"""

from __future__ import annotations

import fcntl
import os
import signal
import time
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils import _drain
from ansible_collections.selfhost.pyapps.plugins.module_utils._instance_record import InstanceRecord, RecordError
from ansible_collections.selfhost.pyapps.plugins.module_utils._layout import INSTANCE, Layout

_FIRST_PROCESS = 1
_QUIET = 5.0  # seconds without a session; a tab that lost its connection comes back sooner
_PAUSE = 1.0


def open_sessions(layout: Layout) -> int | None:
    """How many sessions are open on all instances of all apps; None when nobody can tell it of one."""
    total = 0
    for name in layout.app_names():
        app = layout.app(name)
        for file in _drain.names(app.instances):
            instance, _dot, _suffix = file.partition(".")
            if INSTANCE.fullmatch(instance):
                try:
                    found = _drain.sessions(app, InstanceRecord.read(app.instance(instance)))
                except RecordError:
                    found = None
                if found is None:
                    return None
                total += found
    return total


def wait_until_unneeded(layout: Layout, seconds: float, pause: t.Callable[[float], object] = time.sleep) -> bool:
    """Wait until no session has been open for some seconds.

    :param seconds: wait no longer than this
    :param pause: lets time pass
    :returns: whether nobody needs it; False when the time is over
    """
    begun = time.monotonic()
    quiet_since: float | None = None
    while time.monotonic() - begun < seconds:
        now = time.monotonic()
        if open_sessions(layout) != 0:
            quiet_since = None
        elif quiet_since is None:
            quiet_since = now
        elif now - quiet_since >= _QUIET:
            return True
        pause(_PAUSE)
    return False


def main(layout: Layout, seconds: float) -> int:
    """Wait, and then let the first process end, and the container with it.

    Who asks need not know whether it was asked before: the first one waits, and others are done at once.
    """
    with open(os.path.join(layout.run, "draining"), "wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return 0
        wait_until_unneeded(layout, seconds)
        os.kill(_FIRST_PROCESS, signal.SIGTERM)
    return 0
