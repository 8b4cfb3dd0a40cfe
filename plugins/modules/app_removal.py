#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: app_removal
short_description: Remove Python web apps from a host, except their data
version_added: 0.1.0
description:
  - Stops every process of the given apps and removes their markers, programs, releases, logs and system users.
  - An app's data folder stays, as root's and closed to everybody else, unless O(delete_data) is set.
  - The routes of the front and environments that nobody uses any more are removed by the steps that made them.
author: The selfhost.pyapps founders (@selfhost-pyapps)
extends_documentation_fragment:
  - selfhost.pyapps.host
  - selfhost.pyapps.host.lock
  - selfhost.pyapps.host.plan
  - selfhost.pyapps.attributes.full
options:
  names:
    description: Names of the apps to remove. One that is not there is fine.
    type: list
    elements: str
    required: true
  delete_data:
    description: Delete the apps' data folders too. There is no way back.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Remove one app, keep what it has stored
  selfhost.pyapps.app_removal:
    root: /
    names: [app_1]
"""

RETURN = r"""
removed:
  description: Names of the apps of which something was removed, or in check mode would be.
  returned: always
  type: list
  elements: str
kept_data:
  description: Data folders of the given apps that stay.
  returned: always
  type: list
  elements: path
"""

import contextlib
import os
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.removal import (
    Remains,
    RemovalError,
    find_remains,
    remove_app,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.arguments import LOCK, PLAN, ROOT
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import diff_entry
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.lock import LockedError, host_lock
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.last_run import Plan, StalePlanError
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.rpc import (
    DaemonDownError,
    Supervisor,
    SupervisorError,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.retire import RetireError


def remove(module: AnsibleModule, layout: Layout) -> dict[str, Remains]:
    """Find what remains of the apps and, except in check mode, remove it; gives what was found."""
    supervisor: Supervisor | None = Supervisor(layout.supervisor_socket)
    programs: t.Collection[str] = ()
    try:
        programs = supervisor.processes() if supervisor else ()
    except DaemonDownError:
        supervisor = None
    names = sorted(set(module.params["names"]))
    found = {name: find_remains(layout, name, programs, module.params["delete_data"]) for name in names}
    if not module.check_mode:
        for name, remains in found.items():
            if remains.stranger:
                module.warn("This collection did not make %s, so that account stays." % remains.stranger)
            if remains:
                remove_app(layout, name, remains, supervisor, module.run_command)
    return {name: remains for name, remains in found.items() if remains}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **ROOT,
            "names": {"type": "list", "elements": "str", "required": True},
            "delete_data": {"type": "bool", "default": False},
            **LOCK,
            **PLAN,
        },
        supports_check_mode=True,
    )
    os.umask(0o022)
    layout = Layout(module.params["root"])
    plan = Plan.of(module.params["plan"])
    # On a host that has nothing of ours there is no folder for the lock, and nothing to protect.
    alone = module.check_mode or not os.path.isdir(layout.run)
    try:
        with contextlib.ExitStack() as stack:
            if not alone:
                stack.enter_context(host_lock(layout.lock, module.params["lock_timeout"], "removes apps"))
            plan.check(layout)
            found = remove(module, layout)
            if found and not alone:
                plan.note(layout, "removed %s" % ", ".join(sorted(found)))
    except (LockedError, RemovalError, RetireError, StalePlanError, SupervisorError, OSError) as error:
        module.fail_json(msg=str(error))
    kept = [layout.app(name).data for name in module.params["names"]]
    module.exit_json(
        changed=bool(found),
        removed=sorted(found),
        kept_data=[] if module.params["delete_data"] else [path for path in kept if os.path.isdir(path)],
        diff=[diff_entry(layout.app(name).path, remains.listing(), None) for name, remains in found.items()],
    )


if __name__ == "__main__":
    main()
