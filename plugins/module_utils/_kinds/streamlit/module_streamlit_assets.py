# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module ``streamlit_assets`` takes and does; the plan of a run asks it, too."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.arguments import LOCK, ROOT
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.lock import LockedError, host_lock
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit import (
    assets_step as _streamlit_assets_step,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import ResultError, results_of

ARGUMENTS: dict[str, t.Any] = {
    **ROOT,
    "apps": {"type": "list", "elements": "dict", "required": True},
    "results": {"type": "dict", "required": True},
    "prune": {"type": "bool", "default": True},
    **LOCK,
}


def _run(module: AnsibleModule, layout: Layout) -> dict[str, t.Any]:
    work = [layout, module.params["apps"], results_of(module.params["results"]), module.params["prune"]]
    if module.check_mode or not _streamlit_assets_step.has_work(*work):
        return _streamlit_assets_step.foresee(*work)
    with host_lock(layout.lock, module.params["lock_timeout"], "copies Streamlit's static files"):
        return _streamlit_assets_step.run(*work)


def act(module: AnsibleModule) -> None:
    """What the module does; it ends by ``exit_json`` or ``fail_json``."""
    try:
        report = _run(module, Layout(module.params["root"]))
    except (OSError, LockedError, ResultError) as error:
        module.fail_json(msg="Streamlit's static files cannot be laid out: %s" % error)
    after = "".join("%s: %s\n" % (name, result.get("assets")) for name, result in report["app_results"].items())
    diff = {"before": "" if report["changed"] else after, "after": after}
    module.exit_json(diff=diff, **report)
