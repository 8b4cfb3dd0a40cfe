# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances that run beside the live one and can become it without a start: they have proven themselves."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import write_file
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import AppLayout, Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.rpc import Process
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import instance_state as _instance_state
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_record import InstanceRecord


def find(
    layout: Layout,
    records: t.Iterable[InstanceRecord],
    release: str,
    processes: t.Mapping[str, Process],
    uid: int,
    owners: t.Mapping[int, int],
) -> InstanceRecord | None:
    """One of these instances that is of a release and as well as a live one must be.

    :param uid: of the user that must own its listener
    :param owners: user ids of listeners by port
    """
    for record in records:
        if record.release == release:
            place = _instance_state.Live(record.instance, record.port, record)
            process = processes.get(record.program)
            if _instance_state.live_problem(layout, place, process, uid, None, 0, owners=owners) is None:
                return record
    return None


def settle(app: AppLayout, record: InstanceRecord) -> None:
    """Take away until when an instance may stay: it is live now, and lives as long as its release does."""
    if record.drain_until is not None or record.preview_until is not None:
        settled = dataclasses.replace(record, drain_until=None, preview_until=None, until_uptime=None)
        write_file(app.instance(record.instance), settled.to_json())
