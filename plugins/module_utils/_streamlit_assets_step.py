# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The step ``streamlit_assets`` for the whole catalog. PRIVATE to the collection."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils import _files
from ansible_collections.selfhost.pyapps.plugins.module_utils._layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._streamlit_assets import (
    AssetsError,
    assets_name,
    copy_assets,
    delete,
    known_assets,
    unused,
)

Apps = t.Iterable[t.Mapping[str, t.Any]]
Results = t.Mapping[str, t.Mapping[str, t.Any]]


def has_work(layout: Layout, apps: Apps, results: Results, prune: bool = True) -> bool:
    """Whether anything must be copied or deleted; costs one link for each app."""
    known = [known_assets(layout, result["environment"]) for result in _of_streamlit(apps, results).values()]
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


def _of_streamlit(apps: Apps, results: Results) -> dict[str, t.Mapping[str, t.Any]]:
    """The results of the apps that go on and have an environment with Streamlit."""
    found = {}
    for app in apps:
        result = results.get(app["name"], {})
        if app["kind"] == "streamlit" and result.get("state") == "ok" and result.get("environment"):
            found[app["name"]] = result
    return found


def _each(
    layout: Layout, apps: Apps, results: Results, prune: bool, name_of: t.Callable[[str, str], str | None]
) -> dict[str, t.Any]:
    after: dict[str, dict[str, t.Any]] = {name: dict(result) for name, result in results.items()}
    changed = False
    for result in after.values():
        if result.get("state") == "ok":
            result.setdefault("assets", None)
    for name, given in _of_streamlit(apps, results).items():
        new = known_assets(layout, given["environment"]) is None
        try:
            after[name]["assets"] = name_of(given["environment"], given["streamlit"])
        except AssetsError as error:
            after[name].update(state="failed", step="assets", reason=str(error), log=[], assets=None)
            continue
        changed = changed or new
    used = [result["assets"] for result in after.values() if result.get("assets")]
    pruned = unused(layout, used) if prune else []
    return {"app_results": after, "pruned": pruned, "changed": changed or bool(pruned)}
