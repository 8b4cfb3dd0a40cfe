# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module ``releases`` takes and does; the plan of a run asks it, too."""

from __future__ import annotations

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.secrets import decode
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.arguments import LOCK, ROOT
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.lock import LockedError, host_lock
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.generator import HostOptions
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import ResultError, as_dicts, results_of
from ansible_collections.selfhost.pyapps.plugins.module_utils._releases.step import (
    Answer,
    Missing,
    Request,
    diffs_of,
    live_entries,
    make_releases,
)

ARGUMENTS: dict[str, t.Any] = {
    **ROOT,
    "apps": {"type": "list", "elements": "dict", "required": True},
    "results": {"type": "dict", "required": True},
    "public_url": {"type": "str", "default": ""},
    "production": {"type": "bool", "default": True},
    **LOCK,
    "secrets": {"type": "dict", "default": {}, "no_log": True},
    "without_secrets": {"type": "bool", "default": False},
    "seeds": {"type": "dict", "default": {}},
    "archive": {"type": "path"},
    "secret_word": {"type": "str", "no_log": True},
}


def answer_for(module: AnsibleModule, request: Request) -> Answer:
    if module.check_mode:
        return make_releases(request)
    try:
        os.makedirs(request.layout.run, exist_ok=True)
        with host_lock(request.layout.lock, module.params["lock_timeout"], "makes releases"):
            return make_releases(request)
    except (LockedError, OSError) as error:
        module.fail_json(msg="No release can be made below %s: %s" % (request.layout.root, error))
        raise AssertionError from None


def describe(missing: Missing, with_diff: bool) -> dict[str, t.Any]:
    description: dict[str, t.Any] = {"release": missing.release, "absent": list(missing.absent)}
    if with_diff:
        description["live_entries"] = live_entries(missing)
    return description


def act(module: AnsibleModule) -> None:
    """What the module does; it ends by ``exit_json`` or ``fail_json``."""
    params = module.params
    try:
        results = results_of(params["results"])
    except ResultError as error:
        module.fail_json(msg=str(error))
    request = Request(
        layout=Layout(params["root"]),
        apps=params["apps"],
        results=results,
        host=HostOptions(params["public_url"], params["production"]),
        archive=params["archive"] or "",
        check_mode=module.check_mode,
        secrets=decode(params["secret_word"]),
        seeds=params["seeds"],
    )
    answer = answer_for(module, request)
    with_diff = bool(module._diff)
    module.exit_json(
        changed=bool(answer.changed),
        app_results=as_dicts(answer.results),
        missing={missing.name: describe(missing, with_diff) for missing in answer.missing},
        pruned=answer.pruned,
        left_environments=sorted(answer.left_environments),
        notices=[],
        diff=[entry for missing in answer.missing for entry in diffs_of(missing)] if with_diff else [],
    )
