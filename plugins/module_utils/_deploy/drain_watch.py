# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the watcher knows about instances that drain, or are tried out."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import AppLayout
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import drain as _drain, preview as _preview
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_record import InstanceRecord

_QUIET = 30.0  # seconds without a visitor after which one whose time is over ends: a tab may have lost its network


class Due(t.NamedTuple):
    """An instance to be retired, and why, for the watcher's log."""

    app: AppLayout
    record: InstanceRecord
    reason: str


class DrainWatch:
    """Remembers since when each instance that drains is idle."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}

    def due(self, apps: t.Iterable[AppLayout]) -> list[Due]:
        """What is to be retired now; costs one listing a folder while nothing drains."""
        found, seen = [], set()
        for app in apps:
            for record in _drain.draining(app):
                seen.add(record.instance)
                reason = self._reason(app, record)
                if reason:
                    found.append(Due(app, record, reason))
            over = filter(_preview.is_over, _preview.previews(app))
            found += [Due(app, record, "the time to try it out is over") for record in over]
        self._since = {instance: since for instance, since in self._since.items() if instance in seen}
        return found

    def _reason(self, app: AppLayout, record: InstanceRecord) -> str | None:
        if _drain.is_over(record):
            return "its time to drain is over"
        if _drain.is_used(app, record):
            self._since.pop(record.instance, None)
            return None
        idle = time.monotonic() - self._since.setdefault(record.instance, time.monotonic())
        if _drain.is_due(record) and idle >= min(record.idle_seconds, _QUIET):
            return "its time to drain is over"
        return "its last session has ended" if idle >= record.idle_seconds else None
