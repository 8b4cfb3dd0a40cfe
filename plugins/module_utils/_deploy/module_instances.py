# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module ``instances`` takes and does; the plan of a run asks it, too."""

from __future__ import annotations

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.instances import Outcome, deploy
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.run import Preview, Run
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.arguments import DEPLOY, LOCK, PLAN, ROOT
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.lock import LockedError, host_lock
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.progress import Progress, progress_path
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.last_run import Plan, StalePlanError
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.ports import PortError, parse_range
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.rpc import SupervisorError
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import ResultError, as_dicts, results_of

ARGUMENTS: dict[str, t.Any] = {
    **ROOT,
    "apps": {"type": "list", "elements": "dict", "required": True},
    "results": {"type": "dict", "required": True},
    **DEPLOY,
    **LOCK,
    **PLAN,
    "preview": {"type": "bool", "default": False},
    "preview_public": {"type": "bool", "default": False},
    "progress": {"type": "str"},
}


def run_from(params: t.Mapping[str, t.Any], check_mode: bool, progress: Progress) -> Run:
    """What the module's parameters ask for.

    :raises PortError: O(port_range) is not a range
    """
    return Run(
        layout=Layout(params["root"]),
        ports=parse_range(params["port_range"]),
        parallel=params["parallel"] or os.cpu_count() or 1,
        check_mode=check_mode,
        public_url=params["public_url"] or None,
        preview=Preview(params["preview_public"]) if params["preview"] else None,
        plan=Plan.of(params["plan"]),
        unconfined=frozenset(params["unconfined"]),
        say=progress.say,
    )


def locked_deploy(run: Run, params: t.Mapping[str, t.Any]) -> Outcome:
    """Deploy, holding the host's lock unless nothing is changed anyway."""
    results = results_of(params["results"])
    if run.check_mode:
        return deploy(run, params["apps"], results)
    with host_lock(run.layout.lock, params["lock_timeout"], "deploys apps"):
        return deploy(run, params["apps"], results)


def act(module: AnsibleModule) -> None:
    """What the module does; it ends by ``exit_json`` or ``fail_json``."""
    progress = Progress(progress_path(Layout(module.params["root"]), "instances"), module.params["progress"])
    try:
        outcome = locked_deploy(run_from(module.params, module.check_mode, progress), module.params)
    except (PortError, LockedError, ResultError, StalePlanError, SupervisorError, OSError) as error:
        module.fail_json(msg=str(error))
    finally:
        progress.close()
    module.exit_json(
        changed=outcome.changed, app_results=as_dicts(outcome.results), diff=outcome.diffs, progress=progress.lines
    )
