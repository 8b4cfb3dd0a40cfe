#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: applied_catalog
short_description: Write down on a host what is applied to it, and from which source
version_added: 0.1.0
description:
  - Writes C(etc/pyapps/catalog.json), which later runs, the status playbook and the health check read.
  - Values of environment variables are left out, because the file is readable for everybody on the host.
author: The selfhost.pyapps founders (@selfhost-pyapps)
extends_documentation_fragment:
  - selfhost.pyapps.host
  - selfhost.pyapps.host.plan
  - selfhost.pyapps.attributes.full
options:
  source:
    description: Where the catalog comes from, a name that stays the same from run to run.
    type: str
    required: true
  front:
    description: The front that serves the catalog.
    type: str
    required: true
  url:
    description: The URL of the front, without a slash at its end.
    type: str
    required: true
  apps:
    description: The catalog, as RV(selfhost.pyapps.setup_toml#module:apps) returns it.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Write down what is applied
  selfhost.pyapps.applied_catalog:
    root: /
    source: me@laptop:/home/me/apps
    front: nginx
    url: http://localhost
    apps: "{{ catalog.apps }}"
"""

RETURN = r"""
path:
  description: The file.
  returned: always
  type: str
  sample: /etc/pyapps/catalog.json
"""

import json
import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.applied_catalog import applied_catalog
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.arguments import PLAN, ROOT
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import diff_entry, read_text, write_file
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.last_run import Plan, StalePlanError


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **ROOT,
            "source": {"type": "str", "required": True},
            "front": {"type": "str", "required": True},
            "url": {"type": "str", "required": True},
            "apps": {"type": "list", "elements": "dict", "required": True},
            **PLAN,
        },
        supports_check_mode=True,
    )
    os.umask(0o022)
    params = module.params
    layout, plan = Layout(params["root"]), Plan.of(params["plan"])
    path = layout.catalog
    catalog = applied_catalog(params["source"], params["front"], params["url"], params["apps"])
    text = json.dumps(catalog, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    before = read_text(path)
    try:
        plan.check(layout)
        if before != text and not module.check_mode:
            write_file(path, text)
            plan.note(layout, "applied a catalog")
    except OSError as error:
        module.fail_json(msg="%s: cannot be written: %s" % (path, error))
    except StalePlanError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=before != text, path=path, diff=diff_entry(path, before, text))


if __name__ == "__main__":
    main()
