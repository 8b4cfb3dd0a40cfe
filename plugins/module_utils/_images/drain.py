# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let a container end when nobody needs it any more: ``pyapps container-drain SECONDS``.

Another container has taken its place, so no new page comes here; what is left are the tabs that are open.
"""

from __future__ import annotations

import fcntl
import os
import signal
import time
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import INSTANCE, Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import drain as _drain
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_record import InstanceRecord, RecordError
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_state import ReleaseError, read_release

_FIRST_PROCESS = 1
_PAUSE = 1.0


class Use(t.NamedTuple):
    """Who uses the apps of a container.

    :ivar sessions: how many are open on all instances of all apps; None when nobody can tell it of one
    :ivar keep: seconds for which the slowest app keeps the session of a tab that is gone
    """

    sessions: int | None
    keep: float


def use(layout: Layout) -> Use:
    """Ask every instance."""
    total: int | None = 0
    keep = 0.0
    for app in map(layout.app, layout.app_names()):
        for file in _drain.names(app.instances):
            instance, _dot, _suffix = file.partition(".")
            if INSTANCE.fullmatch(instance):
                try:
                    record = InstanceRecord.read(app.instance(instance))
                    keep = max(keep, _drain.idle_seconds(read_release(app, record.release)["settings"]))
                    found = _drain.sessions(app, record)
                except (RecordError, ReleaseError):
                    found = None
                total = None if total is None or found is None else total + found
    return Use(total, keep)


def wait_until_unneeded(layout: Layout, seconds: float, pause: t.Callable[[float], object] = time.sleep) -> bool:
    """Wait until no session has been open for as long as one that has lost its tab is kept.

    :param seconds: wait no longer than this
    :param pause: lets time pass
    :returns: whether nobody needs it; False when the time is over
    """
    begun = time.monotonic()
    quiet_since: float | None = None
    while time.monotonic() - begun < seconds:
        now = time.monotonic()
        found = use(layout)
        if found.sessions != 0:
            quiet_since = None
        elif quiet_since is None:
            quiet_since = now
        elif now - quiet_since >= found.keep:
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
