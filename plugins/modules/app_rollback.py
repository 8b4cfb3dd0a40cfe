#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: app_rollback
short_description: Bring an earlier release of Python web apps live again without anybody noticing
version_added: 0.3.0
description:
  - Starts an instance of each app's last good release, or of a named one, beside the live one, lets it prove itself as
    in a deploy, makes it live, and lets the old one drain. One that fails is removed, and the old one goes on.
  - An instance of that release that still drains is made live again, without a start.
  - Needs no network and builds nothing. The release gets the secrets that the app has today.
  - The release that is left is withdrawn; M(selfhost.pyapps.releases) does not bring it live by itself. A rollback to
    it does.
  - See M(selfhost.pyapps.instances) for what is proven.
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
  release:
    description:
      - The release to go back (or forward) to, of one app.
      - Empty means the last one that has been live and was not rolled back.
    type: str
    default: ""
  progress:
    description: Set by the action plugin of the same name, which shows what this module is doing.
    type: str
attributes:
  check_mode:
    support: full
    description: Says what would go back to which release, and starts nothing.
  diff_mode:
    support: full
    description: Names the releases before and after.
  idempotent:
    support: partial
    description: With O(release) a second run changes nothing; without it each run goes one release further back.
"""

EXAMPLES = r"""
- name: Go back to the last good release
  selfhost.pyapps.app_rollback:
    root: /
    app: [app_1]
  register: rolled_back
"""

RETURN = r"""
app_results:
  description: By app, what M(selfhost.pyapps.instances) returns.
  returned: always
  type: dict
  contains:
    release:
      description: The release that is live now.
      type: str
    start_seconds:
      description: How long its instance took until it had proven itself; not there when one ran already.
      type: float
    switch_seconds:
      description: How long the switch itself took.
      type: float
  sample: {app_1: {state: ok, changed: true, release: 5d41402abc4b2a76, start_seconds: 3.4, switch_seconds: 0.02}}
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
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy import rollback as _rollback
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
            "release": {"type": "str", "default": ""},
            **DEPLOY,
            **LOCK,
            "progress": {"type": "str"},
        },
        supports_check_mode=True,
    )
    asked, release = module.params["app"], module.params["release"].strip()

    def check(layout: Layout, names: list[str]) -> None:
        _rollback.check_request(layout, names, asked, release)

    def roll_back(run: Run, names: list[str], applied: Apps) -> Outcome:
        return deploy(
            run, *_rollback.prepare(run.layout, names, release, applied, run.public_url or "", run.check_mode)
        )

    operate(module, "app_rollback", "rolls apps back", roll_back, check=check, rollback=True)


if __name__ == "__main__":
    main()
