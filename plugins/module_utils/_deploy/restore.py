# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts an app's data folder back from an archive.

What is long (unpacking, deleting) happens beside, without the host's lock; only who exchanges the two folders holds it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.backup import (
    LONGEST_SECONDS,
    Archive,
    BackupError,
    failed,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import (
    data_archive as _data_archive,
    files as _files,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.as_user import ChildError, call_as
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import AppLayout, Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.lock import LockedError, host_lock
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.rpc import (
    Supervisor,
    SupervisorError,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import Result
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import (
    data_restore as _data_restore,
    drain as _drain,
    instance_state as _instance_state,
    preview as _preview,
    retire as _retire,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.serving import clear_down

_STOP_SECONDS = 30.0
_START_SECONDS = 60.0
# Not names of unfinished work (_files.PART): a run that has the host's lock must not delete them meanwhile.
_FRESH, _BEFORE = "data-restoring", "data-before-restore"


@dataclass(frozen=True)
class Restore:
    """One app's restore.

    :param supervisor: None when no supervisord runs
    :param stop: whether a running app may be stopped for it
    :param wait: how many seconds to wait for the host's lock
    """

    layout: Layout
    archive: Archive
    supervisor: Supervisor | None
    stop: bool
    wait: float

    @property
    def name(self) -> str:
        return self.archive.app

    @property
    def app(self) -> AppLayout:
        return self.layout.app(self.name)

    @property
    def program(self) -> str | None:
        """The program of the live instance, when it runs (or tries to)."""
        live = _instance_state.live_instance(self.app)
        if live is None or self.supervisor is None:
            return None
        name = "%s.%s" % (self.name, live.instance)
        process = self.supervisor.processes().get(name)
        return name if process is not None and not process.stopped else None

    def refuse_running(self) -> None:
        """:raises BackupError: the app runs, and nobody said that it may be stopped"""
        if (self.program or _drain.draining(self.app)) and not self.stop:
            raise BackupError(
                "%s runs, and would go on with the old data in its memory. Run again with -e stop=true: it is stopped "
                "meanwhile. Nothing was changed." % self.name
            )

    def take(self) -> Result:
        """Replace the data folder; the app is stopped only while two folders change their names."""
        own = os.path.join(self.layout.run, "restore-%s.lock" % self.name)
        try:
            with host_lock(own, self.wait, "restores the data of %s" % self.name):
                files, size, _skipped = self._replace()
        except (
            BackupError,
            ChildError,
            LockedError,
            OSError,
            SupervisorError,
            TypeError,
            _instance_state.ReleaseError,
            _retire.RetireError,
        ) as error:
            return failed("restore", str(error))
        note = "%d files, %.1f MB from %s" % (files, size / 1e6, self.archive.path)
        return Result(changed=True, note=note)

    def _replace(self) -> _data_archive.Saved:
        owner = _instance_state.process_owner(self.name)
        fresh, before = (os.path.join(self.app.path, name) for name in (_FRESH, _BEFORE))
        _files.force_remove(fresh)
        _files.make_folder(fresh, 0o750, owner[0], owner[0])
        try:
            self.archive.file.seek(0)
            unpack = call_as(owner[0], lambda: list(_data_restore.restore(self.archive.file, fresh)), LONGEST_SECONDS)
            saved = _data_archive.Saved(*unpack)
            _files.force_remove(before)
            with host_lock(self.layout.lock, self.wait, "puts the data of %s back" % self.name):
                if _instance_state.process_owner(self.name) != owner:
                    raise BackupError("%s was removed and made again meanwhile: run again" % self.name)
                self.refuse_running()
                self._exchange(fresh, before)
        finally:
            _files.force_remove(fresh)
        _files.force_remove(before)
        return saved

    def _exchange(self, fresh: str, before: str) -> None:
        program = self.program
        for record in _drain.draining(self.app) + _preview.previews(self.app):  # it would go on with the old data, too
            _retire.retire(self.layout, self.app, record.instance, self.supervisor)
        if program and self.supervisor and not self.supervisor.stop(program, _STOP_SECONDS):
            raise BackupError("the process of %s does not end" % program)
        try:
            self._put_in_place(fresh, before)
        finally:
            if program and self.supervisor:
                self.supervisor.start(program)
        if program and self.supervisor:
            self._wait_until_well(program, self.supervisor, before)

    def _put_in_place(self, fresh: str, before: str) -> None:
        """Give the app its new data; killed at any moment, this leaves it with all that it had, or all that it gets."""
        if _files.exchange(fresh, self.app.data):
            os.rename(fresh, before)
            return
        os.rename(self.app.data, before)
        try:
            os.rename(fresh, self.app.data)
        except OSError:
            os.rename(before, self.app.data)
            raise
        _files.sync_folder(self.app.path)

    def _wait_until_well(self, program: str, supervisor: Supervisor, before: str) -> None:
        live = _instance_state.live_instance(self.app)
        _user, uid = _instance_state.process_owner(self.name)
        process = supervisor.processes().get(program)
        if live is None:
            return
        problem = _instance_state.live_problem(self.layout, live, process, uid, supervisor, _START_SECONDS)
        if problem:
            raise BackupError(
                "its data is restored, but it does not serve: %s. See its log; what it had before is in %s"
                % (problem, before)
            )
        clear_down(self.app)
