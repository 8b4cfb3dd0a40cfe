#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: environment_sbom
short_description: List what is in the apps' environments, as software bills of materials
version_added: 0.1.0
author: The selfhost.pyapps founders (@selfhost-pyapps)
description:
  - Writes one file for each environment, a CycloneDX 1.5 document with name, version, purl and dependencies of every
    package that is installed in it.
  - A file is named by its environment, whose name is its content, so one that is there is left alone. Those whose
    environment no app has any more are deleted.
  - uv makes them, as the user that builds environments. It asks the index, or the wheelhouse, what packages need.
  - Python itself, and what Debian installs, are not in them.
options:
  apps:
    description: The catalog, as M(selfhost.pyapps.setup_toml) returns it.
    type: list
    elements: dict
    required: true
  results:
    description:
      - The results of M(selfhost.pyapps.environments) or of a later step. An app that failed, or that has no
        environment, is left out.
    type: dict
    required: true
  folder:
    description: Where the files are written. It is made when it is missing. Other files in it are left alone.
    type: path
    required: true
  extra_index_urls:
    description: Further indexes, asked first.
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds for one environment.
    type: int
    default: 300
extends_documentation_fragment:
  - selfhost.pyapps.host
  - selfhost.pyapps.host.lock
  - selfhost.pyapps.host.network
  - selfhost.pyapps.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
"""

EXAMPLES = r"""
- name: List what is in the environments
  selfhost.pyapps.environment_sbom:
    apps: "{{ __pyapps_catalog.apps }}"
    results: "{{ __streamlit_app_releases.app_results }}"
    folder: /srv/sbom
"""

RETURN = r"""
files:
  description: Names of the files in O(folder), one for each environment.
  returned: success
  type: list
  elements: str
  sample: [environment-0123456789abcdef.cdx.json]
written:
  description: Those of them that were not there, or in check mode are not.
  returned: success
  type: list
  elements: str
deleted:
  description: Names of the files whose environment no app has any more.
  returned: success
  type: list
  elements: str
"""

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments import sbom as _environment_sbom
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.uv import Sources
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.arguments import LOCK, NETWORK, ROOT
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import force_remove, make_folder
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.lock import LockedError, host_lock
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.unprivileged import EnvironmentFailedError
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import ResultError, results_of

ARGUMENTS: dict[str, t.Any] = {
    **ROOT,
    "apps": {"type": "list", "elements": "dict", "required": True},
    "results": {"type": "dict", "required": True},
    "folder": {"type": "path", "required": True},
    **NETWORK,
    "extra_index_urls": {"type": "list", "elements": "str", "default": []},
    "timeout": {"type": "int", "default": 300},
    **LOCK,
}


def run(module: AnsibleModule) -> dict[str, t.Any]:
    """Write and delete files; what the module returns."""
    given, layout, sources = module.params, Layout(module.params["root"]), Sources.of(module.params)
    module.no_log_values.update(sources.secrets())
    wanted = _environment_sbom.environments(given["apps"], results_of(given["results"]))
    missing = _environment_sbom.missing(given["folder"], wanted)
    surplus = _environment_sbom.surplus(given["folder"], wanted)
    if not module.check_mode:
        if not os.path.isdir(given["folder"]):
            make_folder(given["folder"])
        if missing:
            with host_lock(layout.lock, given["lock_timeout"], "lists what is in environments"):
                for environment in missing:
                    _write(module, layout, sources, environment)
        for path in surplus:
            force_remove(path)
    return {
        "changed": bool(missing or surplus),
        "files": [environment.file for environment in wanted],
        "written": [environment.file for environment in missing],
        "deleted": [os.path.basename(path) for path in surplus],
    }


def _write(module: AnsibleModule, layout: Layout, sources: Sources, environment: _environment_sbom.Environment) -> None:
    try:
        _environment_sbom.write(layout, sources, environment, module.params["folder"], module.params["timeout"])
    except EnvironmentFailedError as error:
        module.fail_json(
            msg="what is in environment %s of %s cannot be listed: %s" % (environment.name, environment.app, error),
            log=error.log.splitlines(),
        )


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    os.umask(0o022)
    try:
        done = run(module)
    except (LookupError, LockedError, OSError, ResultError) as error:
        module.fail_json(msg="what is in the environments cannot be listed: %s" % error)
    module.exit_json(**done)


if __name__ == "__main__":
    main()
