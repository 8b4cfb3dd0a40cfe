# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups of apps' data folders on their host, one archive an app.

Nobody needs the host's lock for a backup: it changes nothing, and it may take hours.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import time
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import (
    clock as _clock,
    data_archive as _data_archive,
    files as _files,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.as_user import ChildError, call_as
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import printable
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import Result
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import (
    data_save as _data_save,
    instance_state as _instance_state,
)

LONGEST_SECONDS = 4 * 3600
"""Of the work on one archive."""

_STAMP = "%Y%m%dT%H%M%SZ"


class BackupError(Exception):
    """A backup that cannot be made or restored; the text says why and what to do."""


def default_folder(layout: Layout) -> str:
    """Where backups lie when nobody says otherwise."""
    return os.path.join(layout.root, "var", "backups", "pyapps")


def archive_path(folder: str, app: str, moment: float) -> str:
    return os.path.join(folder, "%s-%s.tar.gz" % (app, time.strftime(_STAMP, time.gmtime(moment))))


def catalog_path(folder: str, moment: float) -> str:
    return os.path.join(folder, "catalog-%s.json" % time.strftime(_STAMP, time.gmtime(moment)))


def newest_archive(folder: str, app: str) -> str:
    """The youngest archive of an app in a folder, by its name.

    :raises BackupError: there is none
    """
    pattern = re.compile(r"%s-[0-9]{8}T[0-9]{6}Z\.tar\.gz" % re.escape(app))
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    found = [os.path.join(folder, name) for name in names if pattern.fullmatch(name)]
    if not found:
        raise BackupError(
            "archive: there is no backup of %s in %s. Say -e archive=PATH, or pyapps_backup_dir. Nothing was changed."
            % (app, folder)
        )
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
            manifest = {"app": name, "created": _clock.now()}
            saved = call_as(user, lambda: list(_data_save.save(app.data, manifest, target)), LONGEST_SECONDS)
            target.flush()
            os.fsync(target.fileno())
        files, size, skipped = _data_archive.Saved(*saved)
        note = "%d files, %.1f MB: %s" % (files, size / 1e6, path)
        os.rename(part, path)
        _files.sync_folder(os.path.dirname(path))
    except (ChildError, OSError, TypeError, _instance_state.ReleaseError) as error:
        return failed("backup", str(error))
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(part)
    if skipped:
        note += " (without %s)" % printable(", ".join(map(str, skipped[:5])))
    return Result(changed=True, note=note, archive=path)


class Archive(t.NamedTuple):
    """An archive that is open, so that what was checked is what is restored.

    :param app: whose data it holds
    """

    path: str
    app: str
    file: t.BinaryIO


def open_archive(path: str, app: str | None) -> Archive:
    """Open an archive, and see which app it is of.

    :param app: which one it has to be of; None takes any
    :raises BackupError: it cannot be read, is not one of ours, or of another app
    """
    try:
        # A named pipe would let root wait for ever.
        file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    except OSError as error:
        raise BackupError("archive: %s: %s. Nothing was changed." % (path, error.strerror)) from None
    try:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise BackupError("archive: %s is no file. Nothing was changed." % path)
        found = str(_data_archive.read_manifest(file)["app"])
        if app is not None and found != app:
            raise BackupError(
                "archive: %s holds the data of %s, not of %s. Nothing was changed." % (path, printable(found), app)
            )
    except _data_archive.ArchiveError as error:
        file.close()
        raise BackupError("archive: %s: %s. Nothing was changed." % (path, error)) from None
    except BaseException:
        file.close()
        raise
    return Archive(path, found, file)


def failed(step: str, reason: str) -> Result:
    """The result of a step that has failed; its reason may be an app's words."""
    return Result().failed(step, printable(reason), note="nothing done")
