#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: front_info
short_description: Tell which apps of a run can be reached through the front
version_added: 0.1.0
description:
  - Asks the front for every app that a run has brought live, as a visitor on the host itself would. The app's page must
    open, and the answer of its process must come through.
  - An app that cannot be reached has failed, whatever the steps before said of it.
  - Changes nothing. A front that has just been told of an app has O(timeout) to follow.
author: The selfhost.pyapps founders (@selfhost-pyapps)
extends_documentation_fragment:
  - selfhost.pyapps.attributes.info
options:
  apps:
    description: The catalog, as RV(selfhost.pyapps.setup_toml#module:apps) returns it.
    type: list
    elements: dict
    required: true
  results:
    description: What the last step returned, by the name of the app.
    type: dict
    required: true
  front:
    description: The server of the front.
    type: str
    choices: [nginx, caddy]
    required: true
  port:
    description: The port that it listens on.
    type: int
    required: true
  address:
    description: The address that it listens on; empty means all.
    type: str
    default: ""
  server_names:
    description: The host names that visitors use; the first that is no pattern is asked for, else C(localhost).
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds until all apps must have answered.
    type: float
    default: 10.0
"""

EXAMPLES = r"""
- name: Ask for every app through the front
  selfhost.pyapps.front_info:
    apps: "{{ catalog.apps }}"
    results: "{{ instances.app_results }}"
    front: nginx
    port: 80
  register: reached
"""

RETURN = r"""
app_results:
  description:
    - O(results), in which an app that is V(ok) and cannot be reached is V(failed) at the step C(front).
  returned: always
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.module_front_info import ARGUMENTS, act


def main() -> None:
    act(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True))


if __name__ == "__main__":
    main()
