# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start live apps anew without anybody noticing: the same release beside, through the same gate."""

from __future__ import annotations

import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.applied_catalog import front_part
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.run import NEVER
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import Result, Results
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import instance_state as _instance_state

Entry = dict[str, t.Any]


def live_entries(
    layout: Layout, names: t.Iterable[str], applied: t.Iterable[t.Mapping[str, t.Any]]
) -> tuple[list[Entry], Results]:
    """What a deploy of the live releases needs: entries of the catalog, and results of the steps before.

    :param applied: entries of the applied catalog; they are younger than what a release says of the front's matters
    """
    younger = {entry["name"]: entry for entry in applied}
    entries: list[Entry] = []
    results: Results = {}
    for name in names:
        app = layout.app(name)
        live = _instance_state.live_instance(app)
        try:
            if live is None:
                raise _instance_state.ReleaseError("%s: deploy it first" % NEVER)
            if live.record is None:
                raise _instance_state.ReleaseError("the record of its live instance is missing: deploy it again")
            release = _instance_state.read_release(app, live.record.release)
        except _instance_state.ReleaseError as error:
            note = NEVER if live is None else "not restarted"
            results[name] = Result().failed("release", str(error), note=note)
            continue
        settings = release["settings"]
        entries.append({**settings, **front_part(younger.get(name, {}))})
        results[name] = Result(release=live.record.release, assets=release.get("assets"))
    return entries, results
