#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: app_packages
short_description: Install Debian's packages that apps name in their packages.txt
version_added: 0.2.0
author: The selfhost.pyapps founders (@selfhost-pyapps)
description:
  - Installs what is missing for all apps in one transaction, without recommended packages. Removes no package.
  - apt gets names alone, each as Debian's lists have it. A name that Debian does not have, or a package that could only
    be installed by removing another, is a failure of the app that names it, and is found before anything is installed.
  - Without root, and on a host without dpkg, nothing is done; M(selfhost.pyapps.host_plan) says so.
  - Needs neither C(python3-apt) nor another package, also in check mode.
options:
  apps:
    description: The catalog, as M(selfhost.pyapps.setup_toml) returns it. Read are C(name), C(folder) and
      C(debian_packages).
    type: list
    elements: dict
    required: true
extends_documentation_fragment:
  - selfhost.pyapps.attributes
attributes:
  check_mode:
    support: full
    description: Says what would be installed. The lists of packages are not renewed, so a name may be unknown that is
      known then.
  diff_mode:
    support: none
    description: RV(installed) says what is new.
  idempotent:
    support: full
"""

EXAMPLES = r"""
- name: Install what the apps need of Debian
  selfhost.pyapps.app_packages:
    apps: "{{ __pyapps_catalog.apps }}"
  register: __pyapps_packages
"""

RETURN = r"""
app_results:
  description: What became of each app, by name. One that failed has the step C(packages).
  returned: success
  type: dict
  sample: {app_1: {state: ok, changed: true}}
installed:
  description: Names of the packages that were missing and are there now; in check mode those that would be.
  returned: success
  type: list
  elements: str
  sample: [ffmpeg, libgl1]
"""

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import as_dicts
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.app_packages import ENVIRONMENT, Step


def main() -> None:
    module = AnsibleModule(
        argument_spec={"apps": {"type": "list", "elements": "dict", "required": True}}, supports_check_mode=True
    )
    os.umask(0o022)

    def run(command: t.Sequence[str]) -> tuple[int, str, str]:
        found: tuple[int, str, str] = module.run_command(list(command), environ_update=ENVIRONMENT)
        return found

    step = Step(run, module.check_mode)
    results = step.work(module.params["apps"])
    module.exit_json(changed=bool(step.installed), app_results=as_dicts(results), installed=sorted(step.installed))


if __name__ == "__main__":
    main()
