# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The step ``streamlit_assets`` for the whole catalog."""

from __future__ import annotations

import os
import typing as t
from dataclasses import replace

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import files as _files
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit.assets import (
    AssetsError,
    assets_name,
    copy_assets,
    delete,
    is_pinnable,
    known_assets,
    unused,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import Result, Results, as_dicts

Apps = t.Iterable[t.Mapping[str, t.Any]]

STEP = "assets"


def has_work(layout: Layout, apps: Apps, results: Results, prune: bool = True) -> bool:
    """Whether anything must be copied or deleted; costs one link for each app."""
    known = [known_assets(layout, environment) for environment, _version in _of_streamlit(apps, results).values()]
    return None in known or (prune and bool(unused(layout, [name for name in known if name])))


def foresee(layout: Layout, apps: Apps, results: Results, prune: bool = True) -> dict[str, t.Any]:
    """What :func:`run` would return; ``assets`` is None where only building the environment could tell."""

    def name_of(environment: str, version: str) -> str | None:
        known = known_assets(layout, environment)
        if known is None and os.path.isdir(os.path.join(layout.envs, environment)):
            return assets_name(layout, environment, version)
        return known

    return _each(layout, apps, results, prune, name_of)


def run(layout: Layout, apps: Apps, results: Results, prune: bool = True) -> dict[str, t.Any]:
    """Copy what is missing, delete what nothing uses. Only for who holds the host's lock.

    :returns: ``app_results`` (the given ones with ``assets``), ``pruned``, ``changed``
    """
    _files.remove_parts(layout.assets)
    report = _each(
        layout,
        apps,
        results,
        prune,
        lambda environment, version: known_assets(layout, environment) or copy_assets(layout, environment, version),
    )
    if prune:
        delete(layout, report["pruned"])
    return report


def _of_streamlit(apps: Apps, results: Results) -> dict[str, tuple[str, str]]:
    """Environment and Streamlit's version of the apps that go on and have an environment with it."""
    found = {}
    for app in apps:
        result = results.get(app["name"])
        if app["kind"] == "streamlit" and result and result.goes_on and result.environment:
            found[app["name"]] = result.environment, result.streamlit or ""
    return found


def _each(
    layout: Layout, apps: Apps, results: Results, prune: bool, name_of: t.Callable[[str, str], str | None]
) -> dict[str, t.Any]:
    after: dict[str, Result] = dict(results)
    wants_pin = {app["name"] for app in apps if app["route"]["pinned"]}
    changed = False
    for name, (environment, version) in _of_streamlit(apps, results).items():
        new = known_assets(layout, environment) is None
        try:
            after[name] = replace(after[name], assets=name_of(environment, version))
        except AssetsError as error:
            after[name] = replace(after[name], assets=None).failed(STEP, str(error))
            continue
        changed = changed or new
        if name in wants_pin and is_pinnable(layout, after[name].assets or "") is False:
            after[name] = replace(after[name], unpinned=True)
    used = [result.assets for result in after.values() if result.assets]
    pruned = unused(layout, used) if prune else []
    return {"app_results": as_dicts(after), "pruned": pruned, "changed": changed or bool(pruned)}
