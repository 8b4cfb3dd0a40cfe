#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: app_preview
short_description: Make the previews of Python web apps live, or end them
version_added: 0.3.0
description:
  - What M(selfhost.pyapps.instances) has started as a preview goes live as it is, without another start, or ends.
author: The selfhost.pyapps founders (@selfhost-pyapps)
extends_documentation_fragment:
  - selfhost.pyapps.host
  - selfhost.pyapps.host.lock
  - selfhost.pyapps.host.deploy
  - selfhost.pyapps.attributes
options:
  app:
    description: Names of apps.
    type: list
    elements: str
    required: true
  state:
    description: What becomes of their previews.
    type: str
    choices: [live, absent]
    required: true
  progress:
    description: Set by the action plugin of the same name, which shows what this module is doing.
    type: str
attributes:
  check_mode:
    support: full
    description: Says which previews would go live or end.
  diff_mode:
    support: full
    description: Names the releases before and after.
  idempotent:
    support: partial
    description: A second V(absent) changes nothing; a second V(live) is refused, because there is no preview any more.
"""

EXAMPLES = r"""
- name: Make what was tried out live
  selfhost.pyapps.app_preview:
    root: /
    app: [app_1]
    state: live
"""

RETURN = r"""
app_results:
  description: By app, what M(selfhost.pyapps.instances) returns.
  returned: always
  type: dict
apps:
  description: The apps that were meant, with C(name) and C(base_path), for M(selfhost.pyapps.app_table).
  returned: always
  type: list
  elements: dict
url:
  description: The URL of the front.
  returned: always
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy import preview_end as _preview_end
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.instances import Outcome, deploy
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.live_operation import Apps, operate
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.run import Run
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.arguments import DEPLOY, LOCK, ROOT
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **ROOT,
            "app": {"type": "list", "elements": "str", "required": True},
            "state": {"type": "str", "choices": ["live", "absent"], "required": True},
            **DEPLOY,
            **LOCK,
            "progress": {"type": "str"},
        },
        supports_check_mode=True,
    )
    asked, state = module.params["app"], module.params["state"]

    def check(layout: Layout, names: list[str]) -> None:
        if not any(name.strip() for name in asked):
            raise ValueError("No app given. Name one: -e app=app_1.")

    def end(run: Run, names: list[str], applied: Apps) -> Outcome:
        if state == "live":
            return deploy(run, *_preview_end.prepare(run.layout, names, applied))
        return _preview_end.discard(run, names)

    operate(module, "app_preview", "ends previews", end, check=check)


if __name__ == "__main__":
    main()
