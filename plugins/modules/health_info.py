#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: health_info
short_description: Tell whether a host is well
version_added: 0.1.0
description:
  - Looks at supervisor's programs, at every app (process, owner of its port, health body, WebSocket, and the same
    through the front), at the front, at further endpoints, and at disks and memory, as C(pyapps healthcheck) does.
  - Crash loops are seen whatever supervisor calls them, by how long the last processes have lived.
  - Tells every problem, and never fails because of one.
  - As user of supervisord, else nothing is known of its programs.
author: The selfhost.pyapps founders (@selfhost-pyapps)
extends_documentation_fragment:
  - selfhost.pyapps.host
  - selfhost.pyapps.attributes.info
options:
  apps:
    description: The apps that are asked; an empty list means all. What else runs on the host is always looked at.
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds that each app has for all its answers, instead of the configured ones.
    type: float
"""

EXAMPLES = r"""
- name: Look how the host is
  selfhost.pyapps.health_info:
    root: /
  register: __health
"""

RETURN = r"""
state:
  description: V(healthy), V(unhealthy), or V(unknown) when something could not be told.
  returned: always
  type: str
time:
  description: When the check was made, UTC.
  returned: always
  type: str
seconds:
  description: How long it took.
  returned: always
  type: float
always_healthy:
  description: Always V(false) here; the installed command says V(true) when it was told not to look.
  returned: always
  type: bool
problems:
  description: Every problem, and everything that could not be told.
  returned: always
  type: list
  elements: dict
  contains:
    kind:
      description: V(supervisor), V(program), V(app), V(front), V(endpoint) or V(host).
      type: str
    name:
      description: Of the app, program, endpoint, file system, ...
      type: str
    problem:
      description: What is wrong.
      type: str
checks:
  description: Everything that was looked at, also what is well.
  returned: always
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.module_health_info import ARGUMENTS, act


def main() -> None:
    act(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True))


if __name__ == "__main__":
    main()
