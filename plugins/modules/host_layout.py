#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host_layout
short_description: Make the folders and users of a host that serves Python web apps
version_added: 0.1.0
description:
  - Makes every folder below O(root) with its owner and mode, for all apps at once.
  - As root it makes one system user for each app, and one that builds environments. Their descriptions say that they
    are of this collection; an account of such a name that does not is refused. Without root everything belongs to the
    user who runs this.
  - Never works inside an app's C(data/) folder, which is the app's own.
author: The selfhost.pyapps founders (@selfhost-pyapps)
extends_documentation_fragment:
  - selfhost.pyapps.host
  - selfhost.pyapps.host.users
  - selfhost.pyapps.attributes.full
options:
  apps:
    description: Names of the apps.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Make folders and users for two apps
  selfhost.pyapps.host_layout:
    root: /
    apps: [app_1, app_2]
"""

RETURN = r"""
users:
  description: System users that were made, or in check mode would be.
  returned: always
  type: list
  elements: str
marked_users:
  description: System users of an earlier version whose description now says whose they are, or in check mode would.
  returned: always
  type: list
  elements: str
folders:
  description: Folders that were made or corrected, or in check mode would be.
  returned: always
  type: list
  elements: str
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.arguments import ROOT, USERS
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._host import layout as _host_layout, users as _host_users


def _refuse(module: AnsibleModule, problems: list[str]) -> None:
    if problems:
        module.fail_json(msg="Nothing was changed on this host:\n- " + "\n- ".join(problems))


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **ROOT,
            **USERS,
            "apps": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    os.umask(0o022)
    layout, apps = Layout(module.params["root"]), module.params["apps"]
    as_root = os.geteuid() == 0
    users = _host_users.plan(_host_users.all_of(layout, apps) if as_root else [])
    _refuse(module, _host_layout.strangers(layout) + users.faults)
    new_users = [user.name for user in users.make]
    new_folders = _host_layout.missing_folders(_host_layout.folders(layout, apps, as_root), new_users)
    if not module.check_mode:
        try:
            # Nobody else can take its place once it is there.
            os.makedirs(layout.root, exist_ok=True)
            _refuse(module, _host_layout.strangers(layout))
            _host_users.carry_out(users, layout, module.params["uid_range"], module.run_command)
            for folder in new_folders:
                _host_layout.make(folder)
        except (_host_users.UserError, OSError) as error:
            module.fail_json(msg="The host cannot be laid out below %s: %s" % (layout.root, error))
    paths = [folder.path for folder in new_folders]
    module.exit_json(
        changed=bool(users.changed or new_folders),
        users=new_users,
        marked_users=[user.name for user in users.mark],
        folders=paths,
        diff={"before": "", "after": "".join("%s\n" % line for line in users.lines + paths)},
    )


if __name__ == "__main__":
    main()
