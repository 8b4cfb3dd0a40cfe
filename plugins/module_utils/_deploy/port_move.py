# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another port for an instance whose own has been taken by somebody else while its process was away.

Whose port it was cannot be had back: nothing is ever killed for a port. The instance keeps its name, release and logs.
Its tabs find their pin gone, and reload themselves; their sessions ended with the process. What is not live has nothing
but such sessions, so it is retired.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import read_text, remove_tree, write_file
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import AppLayout, Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.listeners import listener_uids
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.ports import PortPool, parse_ports
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.rpc import Supervisor
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import (
    drain as _drain,
    instance_state as _instance_state,
    preview as _preview,
    serving as _serving,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_record import InstanceRecord
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.retire import retire, stop


def taken(layout: Layout) -> list[tuple[AppLayout, InstanceRecord]]:
    """The instances whose port is held by another user than their app's.

    :raises OSError: the apps' folders cannot be read
    """
    found: list[tuple[AppLayout, InstanceRecord, int]] = []
    for app in map(layout.app, layout.app_names()):
        uid = _instance_state.owner_uid(app)
        if uid is not None:
            found += [(app, record, uid) for record in _reachable(app)]
    owners = listener_uids({record.port for _app, record, _uid in found})
    return [(app, record) for app, record, uid in found if owners.get(record.port, uid) != uid]


def _reachable(app: AppLayout) -> list[InstanceRecord]:
    live = _instance_state.live_instance(app)
    others = _drain.draining(app) + _preview.previews(app)
    return [live.record, *others] if live and live.record else others


def move(layout: Layout, app: AppLayout, record: InstanceRecord, supervisor: Supervisor) -> str:
    """Give the live instance another port, and retire any other one; for who holds the host's lock.

    :returns: what has been done, for people
    :raises PortError: every port is taken
    :raises RetireError: the process does not end
    :raises SupervisorError: supervisord does not answer
    """
    live = _instance_state.live_instance(app)
    if live is None or live.instance != record.instance:
        retire(layout, app, record.instance, supervisor)
        return "retired %s, because its port %d was taken by somebody else" % (record.release, record.port)
    pool = PortPool(parse_ports(record.app_ports)[0], _instance_state.used_ports(layout))
    moved = dataclasses.replace(record, port=pool.take())
    old = app.marker(record.instance, record.port)
    page = read_text(os.path.join(old, _serving.PAGE))
    if page is not None:
        page = page.replace(os.path.basename(old), os.path.basename(app.marker(moved.instance, moved.port)))
    stop(record.program, supervisor)
    # Its route begins closed: the guard opens it when the process listens.
    _serving.make_marker(app, moved, page, {_serving.AWAY: ""})
    write_file(app.instance(moved.instance), moved.to_json())
    _serving.switch(app, moved)
    with contextlib.suppress(OSError):  # a marker that nothing points at is found by the next run
        remove_tree(old)
    supervisor.start(moved.program)
    return "moved from port %d to %d, because it was taken by somebody else" % (record.port, moved.port)
