# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of the module ``environments``: lock, make, prune, tell."""

from __future__ import annotations

import contextlib
import os
import typing as t
from dataclasses import replace

from ansible_collections.selfhost.pyapps.plugins.module_utils._environments import lock as locks
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.lock import Request
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.paths import (
    StorePaths,
    UnreadableError,
    Unused,
    find_unused,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.pool import Pool
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.python_store import PythonStore
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.store import Say, Store
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.wish import Settings, Wish
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import (
    files as _files,
    namespaces as _namespaces,
    unprivileged as process,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.lock import host_lock
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import Result, as_dicts

STEP = "environment"


def run(
    layout: Layout,
    settings: Settings,
    requests: t.Sequence[Request],
    prune: bool,
    lock_timeout: float,
    say: Say,
    before: t.Mapping[str, Result] | None = None,
) -> dict[str, t.Any]:
    """Make the environments that are asked for.

    :param prune: delete what nobody uses
    :param lock_timeout: seconds to wait for another run on this host
    :param before: what earlier steps say of the apps; those that failed, who ask for nothing, are handed on
    :returns: what the module returns: ``changed``, ``app_results``, ``tools``, ``pruned``, ``pruned_pythons``,
        ``diff``, ``warnings``
    :raises LookupError: this host lacks what every environment needs
    :raises LockedError: another run did not end
    :raises OSError: the store cannot be used
    """
    paths, before = StorePaths(layout), before or {}
    with _exclusive(layout, settings.check, lock_timeout):
        if not settings.check:
            _prepare(layout, paths)
        store = Store(layout, settings, say)
        wishes = store.meet(requests)
        unused, warnings = _unused(paths, wishes, prune, store.python_store)
        warnings += _not_kept_apart(wishes, settings)
        if not settings.check:
            unused.remove(paths)
            if unused.environments or unused.pythons or any(wish.built for wish in wishes):
                Pool(paths.pool, 1).prune()
    return {
        "changed": any(wish.changed for wish in wishes) or bool(unused.environments or unused.paths or unused.pythons),
        "app_results": as_dicts(
            {
                **before,
                **{
                    wish.request.name: _result(wish, paths, before.get(wish.request.name, Result()))
                    for wish in wishes
                    if not wish.request.is_tool
                },
            }
        ),
        "tools": as_dicts(
            {wish.request.name: _result(wish, paths, Result()) for wish in wishes if wish.request.is_tool}
        ),
        "pruned": unused.environments,
        "pruned_pythons": unused.pythons,
        "diff": [_difference(wish, paths) for wish in wishes if wish.lock is not None and wish.lock != wish.before],
        "warnings": warnings,
    }


@contextlib.contextmanager
def _exclusive(layout: Layout, check: bool, wait: float) -> t.Iterator[None]:
    if check:
        yield
        return
    if not os.path.isdir(layout.run):
        _files.make_folder(layout.run)
    with host_lock(layout.lock, wait, "makes environments"):
        yield


def _prepare(layout: Layout, paths: StorePaths) -> None:
    user = process.build_user()
    paths.make(user)
    closed = process.closed_folder(layout.envs) if user else None
    if closed:
        raise LookupError(
            "%s is closed to other users, so neither %s nor any app could enter %s: chmod o+x it, or take another root"
            % (closed, user, layout.envs)
        )


def _not_kept_apart(wishes: list[Wish], settings: Settings) -> list[str]:
    """What is to be said of packages that were built from source where that cannot be confined as it should be."""
    built = sorted(wish.request.name for wish in wishes if wish.built and wish.request.allow_build)
    why = _namespaces.fault() if built and not settings.check else None
    if not why:
        return []
    names = ", ".join(built)
    if os.geteuid() != 0:
        return [
            "the packages of %s were built without any protection from their code, because this is not run as root"
            % names
        ]
    return [
        "the packages of %s were built with this host's network and in view of its processes, because they cannot be "
        "kept apart here (%s). Their code still ran as a user of the app's own, without the index's password."
        % (names, why)
    ]


def _unused(paths: StorePaths, wishes: list[Wish], prune: bool, python_store: PythonStore) -> tuple[Unused, list[str]]:
    nothing = Unused([], [])
    if not prune:
        return nothing, []
    try:
        apps = [wish.request.name for wish in wishes if not wish.request.is_tool]
        unused = find_unused(paths, [wish.environment for wish in wishes if wish.environment], apps)
    except UnreadableError as error:
        return nothing, ["unused environments are not deleted this time: %s" % error]
    interpreters = [wish.interpreter.path for wish in wishes if wish.interpreter]
    return replace(unused, pythons=python_store.unused(unused.environments, interpreters)), []


def _result(wish: Wish, paths: StorePaths, before: Result) -> Result:
    if wish.failure is not None:
        return before.failed(STEP, wish.failure.reason, wish.failure.log.splitlines())
    path = paths.environment(wish.environment) if wish.environment else None
    found = wish.record.get("packages") or locks.packages(wish.lock or "")
    return replace(
        before,
        changed=before.changed or wish.changed,
        environment=wish.environment,
        path=path,
        python=os.path.join(path, "bin", "python") if path else None,
        lock=paths.lock(wish.inputs) if wish.lock is not None else None,
        streamlit=found.get("streamlit"),
    )


def _difference(wish: Wish, paths: StorePaths) -> dict[str, t.Any]:
    path = paths.owned_lock(wish.request)
    return _files.diff_entry(path, _pins(wish.before), _pins(wish.lock))


def _pins(lock: str | None) -> str | None:
    """A lock as people read it: names and versions, without hashes."""
    if lock is None:
        return None
    return "".join("%s==%s\n" % item for item in sorted(locks.packages(lock).items()))
