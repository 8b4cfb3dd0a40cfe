# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of a preview: it goes live as it is, or it ends."""

from __future__ import annotations

import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.applied_catalog import front_part
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.instances import Outcome
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.run import UNCHANGED, Run
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.rpc import Supervisor
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import Result, Results
from ansible_collections.selfhost.pyapps.plugins.module_utils._releases.identity import App
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import (
    instance_state as _instance_state,
    preview as _preview,
    release_secrets as _release_secrets,
    retire as _retire,
)

Entry = dict[str, t.Any]

_NONE = "there is no preview of it, or no longer ([deploy] preview_timeout). Make one with -e preview=true"


def prepare(layout: Layout, names: t.Iterable[str], applied: t.Iterable[App]) -> tuple[list[Entry], Results]:
    """What a deploy of the releases needs that are tried out: its turn finds that they run already.

    :param applied: entries of the applied catalog; they are what the front knows
    :returns: entries of the catalog, and results of the steps before
    """
    younger = {entry["name"]: entry for entry in applied}
    entries: list[Entry] = []
    results: Results = {}
    for name in names:
        app = layout.app(name)
        previews = [record for record in _preview.previews(app) if not _preview.is_over(record)]
        try:
            if not previews:
                raise _instance_state.ReleaseError(_NONE)
            record = _instance_state.read_release(app, previews[0].release)
        except _instance_state.ReleaseError as error:
            results[name] = Result().failed("preview", str(error), note="kept (nothing was changed)")
            continue
        front = {key: value for key, value in front_part(younger.get(name, {})).items() if key != "deploy"}
        entries.append({**record["settings"], **front})
        results[name] = Result(release=previews[0].release, assets=record.get("assets"))
    return entries, results


def discard(run: Run, names: t.Iterable[str]) -> Outcome:
    """End the previews of some apps.

    :raises RetireError: a process cannot be stopped
    :raises SupervisorError: supervisord does not answer
    """
    supervisor = Supervisor(run.layout.supervisor_socket)
    results: Results = {}
    for name in names:
        app = run.layout.app(name)
        previews = _preview.previews(app)
        if not run.check_mode:
            for record in previews:
                _retire.retire(run.layout, app, record.instance, supervisor)
            _release_secrets.delete(_release_secrets.unused(app))
        note = "the preview has ended" if previews else UNCHANGED
        results[name] = Result(changed=bool(previews), note=note)
    changed = [name for name, result in results.items() if result.changed]
    if changed and not run.check_mode:
        run.plan.note(run.layout, "ended previews of %s" % ", ".join(changed))
    return Outcome(results, bool(changed))
