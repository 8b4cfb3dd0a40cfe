#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: streamlit_assets
short_description: Copy Streamlit's static files out of environments, for the front
version_added: 0.1.0
author: The selfhost.pyapps founders (@selfhost-pyapps)
description:
  - Copies the static files of every distinct Streamlit once, compresses them beforehand, and names the folder by
    version and content, so that browsers may keep them for ever and apps with the same Streamlit share them.
  - Remembers which environment has which folder, so that an unchanged run hashes nothing.
  - Deletes folders that neither a release nor this run's apps use.
extends_documentation_fragment:
  - selfhost.pyapps.host
  - selfhost.pyapps.host.lock
  - selfhost.pyapps.attributes.full
options:
  apps:
    description: The catalog, as M(selfhost.pyapps.setup_toml) returns it. Read are C(name) and C(kind).
    type: list
    elements: dict
    required: true
  results:
    description: The results by app of M(selfhost.pyapps.environments).
    type: dict
    required: true
  prune:
    description:
      - Whether folders that neither O(results) nor a release names are deleted. A run that goes on to make releases
        does so at its end, when the releases that it lets go of are gone.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Have Streamlit's static files ready for the front
  selfhost.pyapps.streamlit_assets:
    apps: "{{ __pyapps_catalog.apps }}"
    results: "{{ __streamlit_app_environments.app_results }}"
  register: __streamlit_app_assets
"""

RETURN = r"""
app_results:
  description: The given results, with C(assets), the name of the folder; V(null) when only building could tell.
  returned: success
  type: dict
  sample:
    app_1:
      state: ok
      changed: true
      environment: 0123456789abcdef
      streamlit: 1.41.1
      assets: streamlit-1.41.1-0123456789ab
pruned:
  description: Names of the folders that were deleted, or in check mode would be.
  returned: success
  type: list
  elements: str
"""

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.arguments import LOCK, ROOT
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.lock import LockedError, host_lock
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit import (
    assets_step as _streamlit_assets_step,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import ResultError, results_of


def _run(module: AnsibleModule, layout: Layout) -> dict[str, t.Any]:
    work = [layout, module.params["apps"], results_of(module.params["results"]), module.params["prune"]]
    if module.check_mode or not _streamlit_assets_step.has_work(*work):
        return _streamlit_assets_step.foresee(*work)
    with host_lock(layout.lock, module.params["lock_timeout"], "copies Streamlit's static files"):
        return _streamlit_assets_step.run(*work)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **ROOT,
            "apps": {"type": "list", "elements": "dict", "required": True},
            "results": {"type": "dict", "required": True},
            "prune": {"type": "bool", "default": True},
            **LOCK,
        },
        supports_check_mode=True,
    )
    os.umask(0o022)
    try:
        report = _run(module, Layout(module.params["root"]))
    except (OSError, LockedError, ResultError) as error:
        module.fail_json(msg="Streamlit's static files can not be laid out: %s" % error)
    after = "".join("%s: %s\n" % (name, result.get("assets")) for name, result in report["app_results"].items())
    diff = {"before": "" if report["changed"] else after, "after": after}
    module.exit_json(diff=diff, **report)


if __name__ == "__main__":
    main()
