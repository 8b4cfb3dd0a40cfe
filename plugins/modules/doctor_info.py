#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: doctor_info
short_description: Tell what people ask first when a host is odd
version_added: 0.1.0
description:
  - Looks at versions, the front's port, permissions, disks, public names and their certificates, and says to each that
    is not right what to do about it.
  - Whether the apps serve is told by M(selfhost.pyapps.health_info).
author: The selfhost.pyapps founders (@selfhost-pyapps)
extends_documentation_fragment:
  - selfhost.pyapps.host
  - selfhost.pyapps.attributes.info
options:
  front:
    description: The server that serves the apps.
    type: str
    choices: [nginx, caddy]
    default: nginx
  port:
    description: The port that it listens on.
    type: int
    default: 80
  public_url:
    description: The URL that visitors use, when it is not the front's own.
    type: str
    default: ""
  server_names:
    description: Host names that the front answers to.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Examine the host
  selfhost.pyapps.doctor_info:
    root: /
    public_url: https://apps.example.com
  register: __doctor
"""

RETURN = r"""
findings:
  description: Everything that was looked at.
  returned: always
  type: list
  elements: dict
  contains:
    check:
      description: What it was.
      type: str
    state:
      description: V(ok), V(warning) or V(problem).
      type: str
    found:
      description: What is there.
      type: str
    advice:
      description: What to do about it; empty when it is V(ok).
      type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.arguments import ROOT, become_hint
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._health import (
    doctor as _doctor,
    doctor_names as _doctor_names,
)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **ROOT,
            "front": {"type": "str", "choices": ["nginx", "caddy"], "default": "nginx"},
            "port": {"type": "int", "default": 80},
            "public_url": {"type": "str", "default": ""},
            "server_names": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    wish, layout = module.params, Layout(module.params["root"])
    try:
        findings = [
            *_doctor.versions(layout, lambda command: module.run_command(command, handle_exceptions=False)),
            _doctor.port(wish["port"], wish["front"]),
            *_doctor.permissions(layout, layout.deployed_app_names()),
            *_doctor.space(layout),
            *_doctor_names.names(wish["public_url"], wish["server_names"]),
        ]
    except PermissionError as error:
        module.fail_json(msg="The host below %s cannot be examined: %s%s" % (layout.root, error, become_hint(error)))
    module.exit_json(changed=False, findings=[finding.as_dict() for finding in findings])


if __name__ == "__main__":
    main()
