# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances that can be tried out before they are live.

A preview is what has a marker, is not live, and whose record says until when it may be one. The time stands in the
record before the marker is there, so a run that is killed in between leaves nothing that nobody would end.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import write_file
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import SERVING, AppLayout
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import deadline as _deadline
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_record import (
    InstanceRecord,
    RecordError,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_state import live_instance


def begin(app: AppLayout, record: InstanceRecord, seconds: float) -> InstanceRecord:
    """Write down until when an instance may be tried out; the caller makes its marker then.

    :param seconds: how long from now
    """
    until, uptime = _deadline.begin(seconds)
    preview = dataclasses.replace(record, preview_until=until, until_uptime=uptime)
    write_file(app.instance(record.instance), preview.to_json())
    return preview


def previews(app: AppLayout) -> list[InstanceRecord]:
    """The previews of an app, the newest first, also those whose time is over."""
    live = live_instance(app)
    found = []
    with contextlib.suppress(FileNotFoundError):
        for name in os.listdir(app.serving):
            match = SERVING.fullmatch(name)
            if match and not (live and match.group("instance") == live.instance):
                with contextlib.suppress(RecordError):
                    record = InstanceRecord.read(app.instance(match.group("instance")))
                    if record.preview_until and record.port == int(match.group("port")):
                        found.append(record)
    return sorted(found, key=lambda record: (record.created, record.instance), reverse=True)


def is_over(record: InstanceRecord) -> bool:
    """Whether its time has passed."""
    return _deadline.has_passed(record.preview_until or "", record.until_uptime)
