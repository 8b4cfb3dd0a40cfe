#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host_removal
short_description: Remove what is left of this collection on a host
version_added: 0.1.0
description:
  - Deletes the environment store, tools, configuration, logs and users, when apps, front and supervisor are gone.
  - Data folders of apps stay, unless O(delete_data) is set.
author: The selfhost.pyapps founders (@selfhost-pyapps)
extends_documentation_fragment:
  - selfhost.pyapps.host
  - selfhost.pyapps.attributes.full
options:
  delete_data:
    description: Delete the data folders of removed apps too. There is no way back.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Leave nothing but the data of the apps
  selfhost.pyapps.host_removal:
    root: /
"""

RETURN = r"""
paths:
  description: What was deleted, or in check mode would be.
  returned: always
  type: list
  elements: str
users:
  description: System users that were removed, or in check mode would be.
  returned: always
  type: list
  elements: str
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._entry import removal as _host_removal
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.arguments import ROOT
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.users import UserError


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **ROOT,
            "delete_data": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    os.umask(0o022)
    layout = Layout(module.params["root"])
    apps = layout.deployed_app_names()
    if apps and not module.check_mode:
        module.fail_json(msg="apps are still there: %s. Remove them first (app_removal)." % ", ".join(apps))
    keep_apps = not module.params["delete_data"] and any(
        os.path.isdir(layout.app(name).data) for name in layout.app_names()
    )
    paths, users = _host_removal.find_paths(layout, keep_apps), _host_removal.find_users(layout)
    names = [user.name for user in users]
    if not module.check_mode:
        try:
            _host_removal.remove(layout, paths, users, module.run_command)
        except (UserError, OSError) as error:
            module.fail_json(msg="Not everything could be removed: %s" % error)
    module.exit_json(
        changed=bool(paths or users),
        paths=paths,
        users=names,
        diff={"before": "".join("%s\n" % line for line in paths + names), "after": ""},
    )


if __name__ == "__main__":
    main()
