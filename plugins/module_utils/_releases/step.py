# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The step ``releases`` on the target.

It is asked twice at most: without an archive it says which releases are missing, with one it makes them.
"""

from __future__ import annotations

import os
import pwd
import tarfile
import typing as t
from dataclasses import dataclass, field, replace

from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.secrets import AppSecrets, release_with
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import files as _files
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import AppLayout, Layout, app_user
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.base import KindError
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.generator import HostOptions
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.generators import (
    generated_files,
    generator_notices,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.registry import kind_of
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import Result, Results
from ansible_collections.selfhost.pyapps.plugins.module_utils._releases.data_seed import (
    SeedError,
    absent_paths,
    fill_data,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._releases.identity import (
    App,
    failed,
    release_record,
    survivors,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._releases.today import today
from ansible_collections.selfhost.pyapps.plugins.module_utils._releases.withdrawn import stay_with_live
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import (
    release_secrets as _release_secrets,
    release_store as _release_store,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.data_changes import changed_notices, record
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_state import ReleaseError
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.release_archive import (
    INITIAL,
    ArchiveError,
    Unpacking,
    unpack,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.releases_held import live_release

_CAUSES = (ArchiveError, SeedError, KindError, ReleaseError, OSError)


@dataclass(frozen=True)
class Request:
    """What is asked of the target.

    :param results: by app, from the steps before, each with the id that its ``release`` has without secrets
    :param secrets: by app; those without are not in it
    :param seeds: by app, hashes of what its folder holds below its ``data.paths``
    :param archive: the missing releases; empty when it is not known yet which are missing
    """

    layout: Layout
    apps: t.Sequence[App]
    results: Results
    host: HostOptions
    archive: str = ""
    check_mode: bool = False
    secrets: t.Mapping[str, AppSecrets] = field(default_factory=dict)
    seeds: t.Mapping[str, t.Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Missing:
    """A release that the target does not hold.

    :param content: what it would be named without secrets
    :param files: the texts of its generated files by path
    :param absent: which of the app's ``data.paths`` are not there yet
    """

    app: App
    layout: AppLayout
    release: str
    content: str
    files: t.Mapping[str, str]
    own: AppSecrets
    absent: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.layout.name

    @property
    def group(self) -> str | None:
        return _group(self.name)


@dataclass
class Answer:
    """What the target says.

    :param missing: still to be sent, or in check mode what would be
    :param changed: apps that get a release, or in check mode would get one
    :param pruned: releases that were deleted, by app
    :param left_environments: of those, as far as no other release of the same app uses them
    """

    results: Results
    missing: list[Missing] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)
    pruned: dict[str, list[str]] = field(default_factory=dict)
    left_environments: set[str] = field(default_factory=set)


def _group(app: str) -> str | None:
    """The group that may read an app's releases; None without root."""
    return app_user(app) if os.geteuid() == 0 else None


def make_releases(request: Request) -> Answer:
    """Find the missing releases; with an archive make them, and delete old ones of the apps that got one."""
    key = _release_secrets.secrets_key(request.layout, not request.check_mode) if request.secrets else None
    answer = Answer(dict(request.results))
    for app in survivors(request.apps, answer.results):
        name = app["name"]
        own, content = request.secrets.get(name, AppSecrets()), answer.results[name].release
        result = _named(request, answer.results[name], key, own, name)
        if not _is_known(request, result):
            answer.results[name] = replace(result, release=None, changed=True)
            answer.changed.add(name)
            continue
        try:
            if result.withdrawn:
                missing, (result, remade) = None, _with_today(request, result, key, own, name)
            else:
                missing, remade = _look(request, app, result, content or ""), False
            notices = _notices(request, app, result)
            restored = not missing and _restore_secrets(request, name, result.release or "", own)
        except _CAUSES as error:
            answer.results[name] = failed(result, _files.explain(error))
            continue
        if missing:
            answer.missing.append(missing)
        if missing or remade or restored:
            result = replace(result, changed=True)
            answer.changed.add(name)
        answer.results[name] = replace(result, notices=(*result.notices, *notices))
    if request.archive:
        _make(request, answer)
    if not (answer.missing or request.check_mode):
        for app in survivors(request.apps, answer.results):
            record(request.layout.app(app["name"]), request.seeds.get(app["name"], {}))
    return answer


def _notices(request: Request, app: App, result: Result) -> list[str]:
    """What is to be told of an app whose release can be made."""
    told = changed_notices(request.layout.app(app["name"]), request.seeds.get(app["name"], {}))
    return told + generator_notices(app, _environment(request, result), result.streamlit or "")


def _named(request: Request, result: Result, key: bytes | None, own: AppSecrets, name: str) -> Result:
    """An app's result with the id that its release has with these secrets, or with the one that a rollback keeps."""
    if own and result.release:
        result = replace(result, release=release_with(key, result.release, own) if key else None)
    return stay_with_live(request.layout.app(name), result)


def _with_today(request: Request, result: Result, key: bytes | None, own: AppSecrets, name: str) -> tuple[Result, bool]:
    """The result of an app that stays with its live release, which gets what the host says today.

    :returns: with it whether that makes another release
    """
    app, live = request.layout.app(name), result.release or ""
    found = today(request.layout, app, live, request.host.public_url)
    release = release_with(key, found.content, own) if own and key else found.content
    if release == live or os.path.isdir(app.release(release)):
        return replace(result, release=release), False
    if not request.check_mode:
        _check_user(_group(name))
        _release_store.copy_with(app, live, release, own, _group(name), found.content, found.files)
    return replace(result, release=release), True


def diffs_of(missing: Missing) -> list[dict[str, str]]:
    """What is generated for the live release beside that of the missing one, as entries of a module's diff."""
    live = live_release(missing.layout)
    return [
        _files.diff_entry(
            "%s: %s" % (missing.name, path),
            _release_store.generated_of(missing.layout, live, path) if live else None,
            text,
        )
        for path, text in missing.files.items()
    ]


def live_entries(missing: Missing) -> dict[str, dict[str, t.Any]]:
    """The files of the live release, to be compared with those of the missing one."""
    live = live_release(missing.layout)
    return _release_store.entries_of(missing.layout, live) if live else {}


def _is_known(request: Request, result: Result) -> bool:
    """In check mode an id is only true when its environment exists: else the later steps could not look into it."""
    if not result.release:
        return False
    return not request.check_mode or os.path.isdir(_environment(request, result))


def _environment(request: Request, result: Result) -> str:
    return os.path.join(request.layout.envs, result.environment or "")


def _restore_secrets(request: Request, app: str, release: str, own: AppSecrets) -> bool:
    """Give a release that is held its secrets back, which it lost when it was retired; whether it had lost them."""
    folder = request.layout.app(app).release(release)
    if not _release_secrets.differ(folder, own):
        return False
    if not request.check_mode:
        _check_user(_group(app))
        _release_secrets.write(folder, own, _group(app))
    return True


def _look(request: Request, app: App, result: Result, content: str) -> Missing | None:
    """The app's release when it is missing; None when the target holds it."""
    layout, release = request.layout.app(app["name"]), result.release or ""
    if not request.check_mode:
        _files.remove_parts(layout.releases)
    if os.path.isdir(layout.release(release)):
        if not request.check_mode:
            _release_store.mark_newest(layout, release)
        return None
    files = generated_files(app, request.host, _environment(request, result), result.streamlit or "")
    own = request.secrets.get(app["name"], AppSecrets())
    return Missing(app, layout, release, content, files, own, tuple(absent_paths(layout.data, app["data"]["paths"])))


def _make(request: Request, answer: Answer) -> None:
    """Make every missing release; afterwards ``answer.missing`` is empty."""
    missing, answer.missing = {release.name: release for release in answer.missing}, []
    parts: dict[str, Unpacking] = {}
    failures: dict[str, str] = {}
    for name, release in missing.items():
        try:
            _check_user(release.group)
            _files.make_folder(release.layout.releases)
            parts[name] = Unpacking(_release_store.begin(release.layout, release.release, release.group))
        except _CAUSES as error:
            failures[name] = _files.explain(error)
    try:
        failures.update(unpack(request.archive, parts))
    except (OSError, tarfile.TarError) as error:
        failures.update(dict.fromkeys(parts, "the archive cannot be read: %s" % error))
    for name in sorted(set(parts) - set(failures)):
        try:
            _finish(missing[name], parts[name], answer.results[name], request.host)
            _prune(missing[name], answer)
        except _CAUSES as error:
            failures[name] = _files.explain(error)
    for name, reason in failures.items():
        answer.results[name] = failed(request.results[name], "the release cannot be made: %s" % reason)
        answer.changed.discard(name)
        if name in parts:
            _files.force_remove(parts[name].folder)


def _prune(missing: Missing, answer: Answer) -> None:
    """Delete the oldest releases of an app that has got one."""
    before = _release_store.environments(missing.layout)
    pruned = _release_store.prune(missing.layout, missing.app["deploy"]["keep"])
    if pruned:
        answer.pruned[missing.name] = pruned
        answer.left_environments |= before - _release_store.environments(missing.layout)


def _check_user(user: str | None) -> None:
    if user is None:
        return
    try:
        pwd.getpwnam(user)
    except KeyError:
        raise ArchiveError("there is no user %s: run selfhost.pyapps.host_layout before" % user) from None


def _finish(missing: Missing, unpacking: Unpacking, result: Result, host: HostOptions) -> None:
    part, initial = unpacking.folder, os.path.join(unpacking.folder, INITIAL)
    record = release_record(missing.app, missing.release, missing.content, result, host)
    _release_store.add_generated(part, record, unpacking.entries, missing.files, missing.group)
    _release_store.add_secrets(part, missing.own, missing.group, kind_of(missing.app).secrets_file)
    fill_data(missing.layout.data, missing.app["data"]["paths"], initial, missing.group)
    _files.force_remove(initial)
    _release_store.complete(part, missing.layout, missing.release)
