# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A deploy of an app that may not run twice: the old process is away while the new one proves itself.

Meanwhile the front shows the page of an app that is away. The old instance keeps everything but its process, so that it
can come back, and its tabs wait for it; the flag says what goes on, so that the watcher ends what a killed run began.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import AppLayout, Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.rpc import (
    Supervisor,
    SupervisorError,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import (
    away_page as _away_page,
    drain as _drain,
    instance_state as _instance_state,
    preview as _preview,
    retire as _retire,
    serving as _serving,
)


@dataclass(frozen=True)
class OldInstance:
    """The live instance of an app whose new release cannot start beside it."""

    layout: Layout
    app: AppLayout
    live: _instance_state.Live
    supervisor: Supervisor

    @property
    def program(self) -> str:
        """The name of its program in supervisor; its record may be gone."""
        return "%s.%s" % (self.app.name, self.live.instance)

    def take_away(self) -> None:
        """Stop its process, and all that drains or is tried out, behind the front's page.

        :raises RetireError: a process does not end
        :raises SupervisorError: supervisord does not answer
        """
        _away_page.set_down(self.layout, self.app, _away_page.RESTARTS)
        for record in _drain.draining(self.app) + _preview.previews(self.app):
            _retire.retire(self.layout, self.app, record.instance, self.supervisor)
        _retire.stop(self.program, self.supervisor)

    def bring_back(self, uid: int, patience: float) -> str | None:
        """Start its process again; why it does not serve as it did, or None.

        :param uid: of the app's user
        :param patience: seconds until it must be healthy
        """
        try:
            self.supervisor.start(self.program)
            process = self.supervisor.processes().get(self.program)
            problem = _instance_state.live_problem(self.layout, self.live, process, uid, self.supervisor, patience)
            if problem is None:
                _serving.clear_down(self.app)
        except (SupervisorError, OSError) as error:
            problem = str(error)
        return problem


def was_cut_off(app: AppLayout) -> bool:
    """Whether a run began to restart an app in place; for who holds the host's lock: and did not end it."""
    with contextlib.suppress(OSError):
        return _away_page.is_down_because(app, _away_page.RESTARTS)
    return False


def end_cut_off(layout: Layout, app: AppLayout, supervisor: Supervisor) -> str | None:
    """Give an app back its live process after a run was killed; for who holds the host's lock.

    :returns: the program that was started; None when the app has no live instance
    :raises RetireError: the process that should have replaced it does not end
    :raises SupervisorError: supervisord does not answer
    """
    live = _instance_state.live_instance(app)
    if live is None:
        return None
    staying = {live.instance, *(record.instance for record in _drain.draining(app))}
    for instance in _instance_state.instance_names(layout, app, supervisor.processes()) - staying:
        _retire.retire(layout, app, instance, supervisor)
    old = OldInstance(layout, app, live, supervisor)
    supervisor.start(old.program)
    _away_page.set_down(layout, app, _away_page.DOES_NOT_ANSWER)  # until it does
    return old.program
