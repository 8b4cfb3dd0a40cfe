#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: app_restart
short_description: Start live Python web apps anew without anybody noticing
version_added: 0.2.0
description:
  - Starts a new instance of each app's live release beside the old one, lets it prove itself as in a deploy, makes it
    live, and then retires the old one. An instance that fails is removed, and the old one goes on.
  - See M(selfhost.pyapps.instances) for what is proven.
author: The selfhost.pyapps founders (@selfhost-pyapps)
extends_documentation_fragment:
  - selfhost.pyapps.host
  - selfhost.pyapps.host.lock
  - selfhost.pyapps.host.choice
  - selfhost.pyapps.host.deploy
  - selfhost.pyapps.attributes
options:
  progress:
    description: Set by the action plugin of the same name, which shows what this module is doing.
    type: str
attributes:
  check_mode:
    support: full
    description: Says what would be restarted, and starts nothing.
  diff_mode:
    support: full
    description: Names the release that is started anew.
  idempotent:
    support: none
    description: Every run restarts.
"""

EXAMPLES = r"""
- name: Start an app anew
  selfhost.pyapps.app_restart:
    root: /
    app: [app_1]
  register: restarted
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
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.instances import Outcome, deploy
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.live_operation import Apps, operate
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.restart import live_entries
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.run import Run
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.arguments import CHOICE, DEPLOY, LOCK, ROOT


def restart(run: Run, names: list[str], applied: Apps) -> Outcome:
    """A new instance of each app's live release."""
    return deploy(run, *live_entries(run.layout, names, applied))


def main() -> None:
    module = AnsibleModule(
        argument_spec={**ROOT, **CHOICE, **DEPLOY, **LOCK, "progress": {"type": "str"}},
        supports_check_mode=True,
    )
    operate(module, "app_restart", "restarts apps", restart, restart=True)


if __name__ == "__main__":
    main()
