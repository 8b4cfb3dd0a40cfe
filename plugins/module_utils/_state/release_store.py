# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The releases that a target holds.

A release comes into being under another name and is renamed when it is complete and durable; then it never changes.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.secrets import AppSecrets
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import files as _files
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import AppLayout
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.registry import kind_of
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import (
    history as _release_history,
    release_secrets as _release_secrets,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_record import (
    RecordError,
    used_releases,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_state import (
    ReleaseError,
    read_release,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.release_archive import (
    CODE,
    ArchiveError,
    make_link,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.releases_held import held_releases

_RECORD = "release.json"
_ENTRIES = "files.json"
_DOTENV_LINK = ".env"

_READ_ONLY = 0o555  # of a folder
_FIRST_TIME = 1_000_000_000  # 2001-09-09
_ID_DIGITS_OF_TIME = 7  # 2^28 seconds: up to 2010


def entries_of(app: AppLayout, release: str) -> dict[str, dict[str, t.Any]]:
    """The files of a release; none when there is no such release."""
    text = _files.read_text(os.path.join(app.release(release), _ENTRIES))
    return t.cast("dict[str, dict[str, t.Any]]", json.loads(text)) if text else {}


def generated_of(app: AppLayout, release: str, path: str) -> str | None:
    """The text of one of a release's generated files; None without it.

    :param path: below the release's code
    """
    return _files.read_text(os.path.join(app.release(release), CODE, path))


def environments(app: AppLayout) -> set[str]:
    """What the complete releases of an app run in; a damaged one is left out."""
    found = set()
    for release in held_releases(app):
        with contextlib.suppress(ReleaseError, KeyError):
            found.add(str(read_release(app, release)["environment"]))
    return found


def mark_newest(app: AppLayout, release: str) -> None:
    """Remember that a release that is held already was asked for last, so that it is pruned last."""
    if held_releases(app)[:1] != [release]:
        _put_first(app.release(release), app)


def prune(app: AppLayout, keep: int) -> list[str]:
    """Delete the oldest releases; first of all those that their gate has refused.

    :param keep: so many stay, and each that an instance uses (it is live, drains, or is a preview)
    :returns: what was deleted
    """
    try:
        used = used_releases(app)
    except RecordError:
        return []  # what an unreadable record uses is not known, so everything stays
    held = held_releases(app)
    # The newest one is on its way to its gate. What no history knows is refused, or older than the history.
    known = [release for release in _release_history.read(app).newest_first if release in held]
    order = list(dict.fromkeys([*held[:1], *known, *held]))
    removed = [release for release in order[keep:] if release not in used]
    for release in removed:
        _files.remove_tree(app.release(release))
    return removed


def begin(app: AppLayout, release: str, group: str | None) -> str:
    """Make the folder in which a release comes into being.

    :param group: may read the release; None leaves the folder to the caller's group
    """
    part = _files.part_path(app.release(release))
    _files.make_folder(part, 0o750, None, group)
    return part


def add_generated(
    part: str,
    record: t.Mapping[str, t.Any],
    entries: t.Mapping[str, t.Any],
    files: t.Mapping[str, str],
    group: str | None,
) -> None:
    """Add what the host makes to the app's files: records, what its kind generates, links into the data folder.

    :param files: what its kind generates, by path below the code
    :raises ArchiveError: a link stands where the host writes
    """
    _files.write_file(os.path.join(part, _RECORD), json.dumps(record, indent=2) + "\n", 0o640, None, group)
    _files.write_file(os.path.join(part, _ENTRIES), json.dumps(entries), 0o640, None, group)
    for path, text in files.items():
        folder = os.path.dirname(path)
        if os.path.islink(os.path.join(part, CODE, folder)):
            raise ArchiveError("%s must be a folder, not a link" % folder)
        os.makedirs(os.path.join(part, CODE, folder), exist_ok=True)
        _files.write_file(os.path.join(part, CODE, path), text, 0o444)
    for data_path in record["settings"]["data"]["paths"]:
        # From code/<path> up to the app's folder: out of code/, the release and releases/.
        up = "../" * (3 + data_path.count("/"))
        make_link(os.path.join(part, CODE), data_path, "%sdata/%s" % (up, data_path))


def add_secrets(part: str, own: AppSecrets, group: str | None, secrets_file: str) -> None:
    """Put an app's secrets beside its code, and links to them where its process and python-dotenv look.

    With a link it makes no difference whether code asks a library for them or reads the file; the code itself stays
    free of secrets.

    :param secrets_file: where its kind looks for those in TOML (``Kind.secrets_file``)
    """
    _release_secrets.write(part, own, group)
    if own.toml and secrets_file:
        up = "../" * (1 + secrets_file.count("/"))
        make_link(os.path.join(part, CODE), secrets_file, up + _release_secrets.TOML)
    if own.env:
        make_link(os.path.join(part, CODE), _DOTENV_LINK, os.path.join("..", _release_secrets.DOTENV))


def complete(part: str, app: AppLayout, release: str) -> None:
    """Close a finished release against changes, make it durable, and give it its name."""
    _close(os.path.join(part, CODE), _time_of(release))
    publish(part, app, release)


def publish(part: str, app: AppLayout, release: str) -> None:
    """Make a release that is closed already durable, and give it its name."""
    _put_first(part, app)
    _files.sync_file_system(part)
    os.rename(part, app.release(release))
    _files.sync_folder(app.releases)


def _put_first(path: str, app: AppLayout) -> None:
    """Give a release a later time than every other one, also where the clock is coarse or was set back."""
    latest = max((os.stat(app.release(name)).st_mtime_ns for name in held_releases(app)), default=0)
    moment = max(time.time_ns(), latest + 1)
    os.utime(path, ns=(moment, moment))


def copy_with(
    app: AppLayout,
    source: str,
    release: str,
    own: AppSecrets,
    group: str | None,
    content: str,
    files: t.Mapping[str, str],
) -> None:
    """Make a release out of another one, with other secrets or other generated files. The code is not stored twice.

    What has been run once for the first one (its test, its release command) is not run for this one.

    :param source: the release that is held
    :param release: what the same code is named with these
    :param content: what it is named without the secrets
    :param files: the texts of its generated files by path; empty for the same ones
    """
    _files.remove_parts(app.releases)
    part = begin(app, release, group)
    code, copied = os.path.join(app.release(source), CODE), os.path.join(part, CODE)
    for folder, folders, names in os.walk(code):
        target = os.path.normpath(os.path.join(copied, os.path.relpath(folder, code)))
        os.mkdir(target)
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        for name in names + links:
            os.link(os.path.join(folder, name), os.path.join(target, name), follow_symlinks=False)
    before = json.loads(_files.read_text(os.path.join(app.release(source), _RECORD)) or "{}")
    secrets_file = kind_of(before["settings"]).secrets_file
    for link in filter(None, (secrets_file, _DOTENV_LINK)):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(copied, link))
    for path, text in files.items():
        os.unlink(os.path.join(copied, path))  # a link to the other one's
        _files.write_file(os.path.join(copied, path), text, 0o444)
    record = {**before, "release": release, "content": content}
    _files.write_file(os.path.join(part, _RECORD), json.dumps(record, indent=2) + "\n", 0o640, None, group)
    own_files = {_RECORD, *_release_secrets.FILES}
    with os.scandir(app.release(source)) as found:
        for file in found:
            if file.is_file(follow_symlinks=False) and file.name not in own_files:
                os.link(file.path, os.path.join(part, file.name), follow_symlinks=False)
    add_secrets(part, own, group, secrets_file)
    for folder, _folders, _names in os.walk(copied):
        os.chmod(folder, _READ_ONLY)
    publish(part, app, release)


def _time_of(release: str) -> int:
    """The modification time of a release's files, in seconds.

    The same for the same release, whenever and wherever it is made; another for another one, because servers tell
    browsers by time and size whether a file is still the one they know.
    """
    return _FIRST_TIME + int(release[:_ID_DIGITS_OF_TIME], 16)


def _close(top: str, seconds: int) -> None:
    for folder, folders, names in os.walk(top, topdown=False):
        for name in names + folders:
            path = os.path.join(folder, name)
            if not os.path.islink(path) and os.path.isdir(path):
                os.chmod(path, _READ_ONLY)
            os.utime(path, (seconds, seconds), follow_symlinks=False)
    os.chmod(top, _READ_ONLY)
    os.utime(top, (seconds, seconds))
