# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one way an instance ends: marker first, then its process, then what it left.

The order is the point: once the marker is gone the front answers 410, which tells a tab that is still open to reload
itself onto the live release; a process without its marker can be stopped without anybody seeing an error. What a
killed run left half-retired is found by its record, which goes last.
"""

from __future__ import annotations

import contextlib
import os
import re

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import (
    PART,
    force_remove,
    remove_tree,
    sync_folder,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import INSTANCE, AppLayout, Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.rpc import Supervisor

KEPT_LOGS = 2
"""How many instances that are gone keep their logs, so that yesterday's error can still be read."""

_STOP_SECONDS = 30.0  # longer than the stop wait of the program, after which supervisord kills


class RetireError(Exception):
    """A process that could not be stopped; the text says which."""


def retire(
    layout: Layout, app: AppLayout, instance: str, supervisor: Supervisor | None, kill_after: float | None = None
) -> None:
    """End an instance and remove everything it has on this host, except its logs and its release.

    Whatever is gone already is fine. The caller makes sure that it is not the live one.

    :param supervisor: None when no supervisord runs, so that there is no process either
    :param kill_after: seconds after which it is killed; None gives it the stop wait of its program
    :raises RetireError: its process cannot be stopped
    :raises SupervisorError: supervisord does not answer
    """
    for marker in markers(app, instance):
        remove_tree(marker)
    program = "%s.%s" % (app.name, instance)
    if supervisor is not None:
        stop(program, supervisor, kill_after)
        supervisor.remove(program)
    for path in (layout.program(program), app.instance(instance)):
        if os.path.lexists(path):  # asked first: on a read-only disk a missing file cannot be unlinked either
            os.unlink(path)
            sync_folder(os.path.dirname(path))


def stop(program: str, supervisor: Supervisor, kill_after: float | None = None) -> None:
    """Stop an instance's process.

    :param program: its name in supervisor
    :param kill_after: seconds after which it is killed; None gives it the stop wait of its program
    :raises RetireError: it does not end
    :raises SupervisorError: supervisord does not answer
    """
    if not supervisor.stop(program, _STOP_SECONDS, kill_after):
        raise RetireError("the process of %s does not end, not even by SIGKILL" % program)


def markers(app: AppLayout, instance: str) -> list[str]:
    """The markers of an instance: one, or none."""
    return [
        os.path.join(app.serving, name)
        for name in _names(app.serving)
        if name.startswith(instance + ".") and not name.startswith(PART)
    ]


def old_logs(layout: Layout, app: str, instances: set[str], keep: int = KEPT_LOGS) -> list[str]:
    """The logs (rotated ones too) of instances that are gone, except those of the ``keep`` newest.

    :param instances: the instances of the app that still exist
    """
    by_instance: dict[str, list[str]] = {}
    newest: dict[str, float] = {}
    pattern = re.compile(re.escape(app) + r"\.(%s)\.(?:out|err)\.log(?:\.[0-9]+)?" % INSTANCE.pattern)
    for name in _names(layout.log):
        match = pattern.fullmatch(name)
        if match and match.group(1) not in instances:
            path = os.path.join(layout.log, name)
            with contextlib.suppress(FileNotFoundError):
                changed = os.lstat(path).st_mtime
                newest[match.group(1)] = max(changed, newest.get(match.group(1), 0.0))
                by_instance.setdefault(match.group(1), []).append(path)
    oldest_first = sorted(by_instance, key=lambda instance: newest[instance])
    doomed = oldest_first[: max(0, len(oldest_first) - keep)]
    return sorted(path for instance in doomed for path in by_instance[instance])


def remove_files(paths: list[str]) -> None:
    """Delete files; those that are gone already are fine."""
    for path in paths:
        force_remove(path)


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []
