# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups of apps' data folders on their host, one archive an app. PRIVATE to the collection.

Only for who holds the host's lock.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
import typing as t
from dataclasses import dataclass

from ansible_collections.selfhost.pyapps.plugins.module_utils import (
    _data_archive,
    _drain,
    _files,
    _instance_state,
    _preview,
    _retire,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._as_user import ChildError, call_as
from ansible_collections.selfhost.pyapps.plugins.module_utils._layout import AppLayout, Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._problems import printable
from ansible_collections.selfhost.pyapps.plugins.module_utils._serving import clear_down
from ansible_collections.selfhost.pyapps.plugins.module_utils._supervisor_rpc import Supervisor, SupervisorError

_SECONDS = 4 * 3600
_STOP_SECONDS = 30.0
_START_SECONDS = 60.0
# Not names of unfinished work (_files.PART), which the next run deletes as root: what is in them is the app's.
_FRESH, _BEFORE = "data-restoring", "data-before-restore"
_STAMP = "%Y%m%dT%H%M%SZ"

Result = dict[str, t.Any]


class BackupError(Exception):
    """A backup that can not be made or restored; the text says why and what to do."""


def default_folder(layout: Layout) -> str:
    """Where backups lie when nobody says otherwise."""
    return os.path.join(layout.root, "var", "backups", "pyapps")


def archive_path(folder: str, app: str, moment: float) -> str:
    return os.path.join(folder, "%s-%s.tar.gz" % (app, time.strftime(_STAMP, time.gmtime(moment))))


def catalog_path(folder: str, moment: float) -> str:
    return os.path.join(folder, "catalog-%s.json" % time.strftime(_STAMP, time.gmtime(moment)))


def newest_archive(folder: str, app: str) -> str:
    """The youngest archive of an app in a folder.

    :raises BackupError: there is none, or it is not one of this app
    """
    pattern = re.compile(r"%s-[0-9]{8}T[0-9]{6}Z\.tar\.gz" % re.escape(app))
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    found = [os.path.join(folder, name) for name in names if pattern.fullmatch(name)]
    if not found:
        raise BackupError(
            "archive: there is no backup of %s in %s. Say -e archive=PATH, or pyapps_backup_dir. Nothing was changed."
            % (app, folder)
        )
    check_archive(found[-1], app)
    return found[-1]


def save_app(layout: Layout, name: str, path: str) -> Result:
    """Make the archive of one app's data; what it came to, as a step's result.

    The file appears under its name when it is whole, and only who runs this can read it.
    """
    app = layout.app(name)
    part = _files.part_path(path)
    try:
        user, _uid = _instance_state.process_owner(name)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as target:
            manifest = {"app": name, "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
            saved = call_as(user, lambda: list(_data_archive.save(app.data, manifest, target)), _SECONDS)
            target.flush()
            os.fsync(target.fileno())
        files, size, skipped = _data_archive.Saved(*saved)
        note = "%d files, %.1f MB: %s" % (files, size / 1e6, path)
        os.rename(part, path)
        _files.sync_folder(os.path.dirname(path))
    except (ChildError, OSError, TypeError, _instance_state.ReleaseError) as error:
        return _failed("backup", str(error))
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(part)
    if skipped:
        note += " (without %s)" % printable(", ".join(map(str, skipped[:5])))
    return {"state": "ok", "changed": True, "note": note, "archive": path}


def check_archive(path: str, app: str | None) -> str:
    """Which app an archive is of.

    :param app: which one it has to be of; None takes any
    :raises BackupError: it can not be read, is not one of ours, or of another app
    """
    try:
        with open(path, "rb") as file:
            manifest = _data_archive.read_manifest(file)
    except (OSError, _data_archive.ArchiveError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise BackupError("archive: %s: %s. Nothing was changed." % (path, reason)) from None
    found = str(manifest["app"])
    if app is not None and found != app:
        raise BackupError(
            "archive: %s holds the data of %s, not of %s. Nothing was changed." % (path, printable(found), app)
        )
    return found


@dataclass(frozen=True)
class Restore:
    """One app's restore.

    :param supervisor: None when no supervisord runs
    :param stop: whether a running app may be stopped for it
    """

    layout: Layout
    name: str
    archive: str
    supervisor: Supervisor | None
    stop: bool

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
        try:
            user, _uid = _instance_state.process_owner(self.name)
            fresh = os.path.join(self.app.path, _FRESH)
            if os.path.lexists(fresh):
                self._delete(fresh, user)
            _files.make_folder(fresh, 0o750, user, user)
            try:
                files, size, _skipped = self._unpack(user, fresh)
                self._swap(fresh, user)
            finally:
                if os.path.isdir(fresh):
                    self._delete(fresh, user)
            note = "%d files, %.1f MB from %s" % (files, size / 1e6, self.archive)
        except (
            BackupError,
            ChildError,
            OSError,
            SupervisorError,
            TypeError,
            _instance_state.ReleaseError,
            _retire.RetireError,
        ) as error:
            return _failed("restore", str(error))
        return {"state": "ok", "changed": True, "note": note}

    def _unpack(self, user: str | None, fresh: str) -> tuple[int, int, list[str]]:
        with open(self.archive, "rb") as source:
            os.lseek(source.fileno(), 0, os.SEEK_SET)
            found = call_as(user, lambda: list(_data_archive.restore(source, fresh)), _SECONDS)
        return _data_archive.Saved(*found)

    def _swap(self, fresh: str, user: str | None) -> None:
        program, before = self.program, os.path.join(self.app.path, _BEFORE)
        if os.path.lexists(before):
            self._delete(before, user)
        for record in _drain.draining(self.app) + _preview.previews(self.app):  # it would go on with the old data, too
            _retire.retire(self.layout, self.app, record.instance, self.supervisor)
        if program and self.supervisor and not self.supervisor.stop(program, _STOP_SECONDS):
            raise BackupError("the process of %s does not end" % program)
        try:
            os.rename(self.app.data, before)
            try:
                os.rename(fresh, self.app.data)
            except OSError:
                os.rename(before, self.app.data)
                raise
            _files.sync_folder(self.app.path)
        finally:
            if program and self.supervisor:
                self.supervisor.start(program)
        if program and self.supervisor:
            self._wait_until_well(program, self.supervisor)
        self._delete(before, user)

    def _wait_until_well(self, program: str, supervisor: Supervisor) -> None:
        live = _instance_state.live_instance(self.app)
        _user, uid = _instance_state.process_owner(self.name)
        process = supervisor.processes().get(program)
        if live is None:
            return
        problem = _instance_state.live_problem(self.layout, live, process, uid, supervisor, _START_SECONDS)
        if problem:
            raise BackupError(
                "its data is restored, but it does not serve: %s. See its log; what it had before is in %s"
                % (problem, os.path.join(self.app.path, _BEFORE))
            )
        clear_down(self.app)

    def _delete(self, folder: str, user: str | None) -> None:
        """Delete a data folder; what is in it with the app's rights."""
        call_as(user, lambda: _empty(folder), _SECONDS)
        os.rmdir(folder)


def _empty(folder: str) -> None:
    for name in os.listdir(folder):
        _files.force_remove(os.path.join(folder, name))


def _failed(step: str, reason: str) -> Result:
    return {"state": "failed", "changed": False, "step": step, "reason": reason, "log": [], "note": "nothing done"}
