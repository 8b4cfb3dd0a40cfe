# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes an instance's route away when its port is not its own, and gives it back when it is.

A process that ends leaves its port to whoever binds it next, and visitors would go there with their cookies. So the
guard waits for the end of each process (pidfd_open(2)) and looks at the listeners between: a process may close its port
long before it ends. It writes nothing but the flag of :func:`._serving.set_away`, without the host's lock: a run that
holds the lock for minutes must not keep a route open.
"""

from __future__ import annotations

import contextlib
import os
import select
import time
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import PART
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import SERVING, Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.listeners import listener_uids
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.rpc import (
    Supervisor,
    SupervisorError,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import serving as _serving
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_state import owner_uid

LOOK = 0.02
"""Seconds between two looks at the listeners, which cost a tenth of a millisecond."""
LIST = 1.0
"""Seconds between two looks at which instances there are."""
_ANSWER = 0.05
"""Seconds that supervisord has to answer: nobody looks at the other routes meanwhile, and an app can keep it busy. Of a
process that it has not told of, the looks at its port are all there is until it is asked again, :data:`LIST` later."""


class Marker(t.NamedTuple):
    """An instance that the front can reach.

    :ivar path: of the marker's folder
    :ivar uid: of the user that must own its listener
    """

    path: str
    program: str
    port: int
    uid: int


def markers(layout: Layout) -> list[Marker]:
    """Every instance that the front of this host can reach.

    :raises OSError: the apps' folders cannot be read
    """
    found = []
    for app in map(layout.app, layout.app_names()):
        uid = owner_uid(app)
        for name in _names(app.serving):
            match = SERVING.fullmatch(name)
            if match and not name.startswith(PART) and uid is not None:
                program = "%s.%s" % (app.name, match.group("instance"))
                found.append(Marker(os.path.join(app.serving, name), program, int(match.group("port")), uid))
    return found


class RouteGuard:
    """The guard of one host."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._supervisor = Supervisor(layout.supervisor_socket, timeout=_ANSWER)
        self._markers: list[Marker] = []
        self._listed = 0.0
        self._away: set[str] = set()  # markers that have the flag, as far as we know
        self._ends = select.poll()
        self._watched: dict[str, int] = {}  # the descriptor of a marker's process

    def run(self) -> t.NoReturn:
        """Guard until the watcher ends."""
        while True:
            self.look()

    def look(self) -> None:
        """Wait for an end, a moment at most, and bring the flags in line with who listens."""
        ended = {descriptor for descriptor, _event in self._ends.poll(LOOK * 1000)}
        for path in [path for path, descriptor in self._watched.items() if descriptor in ended]:
            with contextlib.suppress(OSError):  # its port is judged below, now and at each further look
                self._take_away(path)
            self._forget(path)
        with contextlib.suppress(OSError):
            unwatched = self._list()
            self._judge(unwatched)

    def _list(self) -> set[str]:
        """Look from time to time which instances there are; those whose end nobody would tell us."""
        if time.monotonic() - self._listed < LIST:
            return set()
        self._markers, self._listed = markers(self._layout), time.monotonic()
        paths = {marker.path for marker in self._markers}
        self._away = set(filter(_serving.is_away, paths))
        for path in self._watched.keys() - paths:
            self._forget(path)
        return paths - self._watched.keys()

    def _judge(self, unwatched: set[str]) -> None:
        owners = listener_uids({marker.port for marker in self._markers})
        proven = []
        for marker in self._markers:
            if owners.get(marker.port) != marker.uid:
                self._take_away(marker.path)
            elif marker.path in self._away or marker.path in unwatched:
                proven.append(marker)
        if proven:
            self._admit(proven)

    def _take_away(self, path: str) -> None:
        if path not in self._away:
            _serving.set_away(path)
            self._away.add(path)

    def _admit(self, proven: list[Marker]) -> None:
        """Have the ends of these processes told, and only then let visitors in."""
        try:
            processes = self._supervisor.processes()
        except (SupervisorError, OSError, ValueError):
            processes = {}
        for marker in proven:
            process = processes.get(marker.program)
            if process is not None and process.pid and marker.path not in self._watched:
                self._watch(marker.path, process.pid)
        # Asked again: what ended before its end would be told is seen here.
        owners = listener_uids({marker.port for marker in proven})
        for marker in proven:
            if owners.get(marker.port) == marker.uid:
                _serving.clear_away(marker.path)
                self._away.discard(marker.path)

    def _watch(self, path: str, pid: int) -> None:
        with contextlib.suppress(OSError):  # it has just ended
            self._watched[path] = os.pidfd_open(pid)
            self._ends.register(self._watched[path], select.POLLIN)

    def _forget(self, path: str) -> None:
        descriptor = self._watched.pop(path)
        self._ends.unregister(descriptor)
        os.close(descriptor)


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []
