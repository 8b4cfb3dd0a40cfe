#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: healthcheck_settings
short_description: Write what the health check of a host looks at, and whom it tells
version_added: 0.1.0
description:
  - Writes C(etc/pyapps/healthcheck.json), which C(pyapps healthcheck) reads, and C(etc/pyapps/healthcheck-notify.json),
    which only its owner may read, because a webhook's URL is a secret.
  - The files are JSON, because Python 3.9 and 3.10 on a target cannot read TOML.
author: The selfhost.pyapps founders (@selfhost-pyapps)
extends_documentation_fragment:
  - selfhost.pyapps.host
  - selfhost.pyapps.attributes.full
options:
  state:
    description: Whether the files are there; V(absent) removes what was told last, and the log, too.
    type: str
    choices: [present, absent]
    default: present
  front:
    description: The front that is asked; empty for none.
    type: str
    choices: ["", nginx, caddy]
    default: ""
  port:
    description: The port that the front listens on.
    type: int
    default: 80
  address:
    description: The address that the front listens on; empty means all.
    type: str
    default: ""
  server_names:
    description: Host names that the front answers to beside the host's own.
    type: list
    elements: str
    default: []
  endpoints:
    description: What else must answer, such as a tunnel.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: A name, once in the list.
        type: str
        required: true
      url:
        description: Where it is asked, C(http) or C(https), without user and password.
        type: str
        required: true
      socket:
        description: The UNIX socket to ask instead of the URL's host.
        type: path
      status:
        description: The status that it must answer.
        type: int
        default: 200
      body:
        description: What the answer's body must be, without blanks around it; any by default.
        type: str
  ignore_programs:
    description: Programs of supervisor that may be in any state.
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds that an app, the front or an endpoint has for all its answers.
    type: float
    default: 10
  min_disk_percent:
    description: How much of a disk must be free, in percent.
    type: float
    default: 5
  min_memory_percent:
    description: How much of the memory must be available, in percent.
    type: float
    default: 5
  notify_command:
    description: A program with arguments that gets each change as JSON on its standard input; its path is absolute.
    type: list
    elements: str
    default: []
  notify_webhook:
    description: A URL that gets each change by POST, as JSON.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Look at the tunnel too, and tell of changes
  selfhost.pyapps.healthcheck_settings:
    root: /
    front: nginx
    endpoints:
      - name: tunnel
        url: http://127.0.0.1:20241/ready
    notify_webhook: "{{ vaulted_webhook }}"
"""

RETURN = r"""
path:
  description: The file of the configuration.
  returned: always
  type: str
  sample: /etc/pyapps/healthcheck.json
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.module_healthcheck_settings import ARGUMENTS, act


def main() -> None:
    os.umask(0o022)
    act(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True))


if __name__ == "__main__":
    main()
