#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: app_logs
short_description: Show the last lines of the logs of Python web apps
version_added: 0.2.0
description:
  - Prints what the live instance of each app wrote last, output and errors, without escape sequences. Of an app that
    has none, what its last candidate wrote.
author: The selfhost.pyapps founders (@selfhost-pyapps)
extends_documentation_fragment:
  - selfhost.pyapps.host
  - selfhost.pyapps.host.choice
  - selfhost.pyapps.attributes.info
options:
  lines:
    description: How many lines of each log, at most 10000.
    type: int
    default: 50
"""

EXAMPLES = r"""
- name: Show what an app wrote last
  selfhost.pyapps.app_logs:
    root: /
    app: [app_1]
    lines: 100
"""

RETURN = r"""
logs:
  description: Each log that there is.
  returned: always
  type: list
  elements: dict
  contains:
    app:
      description: Name of the app.
      type: str
    stream:
      description: V(out) or V(err).
      type: str
    path:
      description: The file.
      type: str
    lines:
      description: Its last lines.
      type: list
      elements: str
    advice:
      description: What they say that can be done, at an app's last log; V(null) when nothing.
      type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.app_choice import ChoiceError, choose
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.logs import MOST_LINES, app_logs
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.arguments import CHOICE, ROOT, become_hint
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **ROOT,
            **CHOICE,
            "lines": {"type": "int", "default": 50},
        },
        supports_check_mode=True,
    )
    layout, lines = Layout(module.params["root"]), module.params["lines"]
    if not 1 <= lines <= MOST_LINES:
        module.fail_json(msg="lines: found %d; allowed is 1 to %d" % (lines, MOST_LINES))
    try:
        names = choose(module.params["app"], layout.deployed_app_names(), "on this host")
        logs = [log for name in names for log in app_logs(layout, name, lines)]
    except (ChoiceError, PermissionError) as error:
        module.fail_json(msg=str(error) + become_hint(error))
    module.exit_json(changed=False, logs=logs)


if __name__ == "__main__":
    main()
