#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: run_plan
short_description: Find out which roles of a run have something to do on a host
version_added: 0.1.0
description:
  - Reads the tasks of the collection's roles with this host's variables, and asks all their modules in one process on
    the host what they would do. A role that has nothing to do can then be left out of the run.
  - A role is known to have nothing to do only when every module of its entry point C(main) says so, and what
    O(programs) and O(services) name is there. In every other case it has something to do.
  - Changes nothing.
author: The selfhost.pyapps founders (@selfhost-pyapps)
extends_documentation_fragment:
  - selfhost.pyapps.attributes
attributes:
  action:
    support: full
    description: Has a corresponding action plugin, so that parts of its work are done on the controller.
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  roles:
    description: Names of the roles, in the order of the run.
    type: list
    elements: str
    required: true
  apps_role:
    description: The role that brings the apps live, whose results are returned.
    type: str
    default: streamlit_app
  programs:
    description: By role, paths of programs on the host that it would install.
    type: dict
    default: {}
  services:
    description: By role, the service that it starts, as C(name) and C(service_manager) (V(systemd) or V(sysv)).
    type: dict
    default: {}
  front:
    description:
      - Arguments of M(selfhost.pyapps.front_info) but for C(results), which is asked when no role has anything to do.
        Not in check mode.
    type: dict
    default: {}
  health:
    description: Arguments of M(selfhost.pyapps.health_info), which is asked after that.
    type: dict
    default: {}
  thorough:
    description:
      - Whether a role that is known to have something to do is asked further, for RV(differences).
      - Without it the answer comes sooner.
    type: bool
    default: false
  questions:
    description: What is asked, as one word. Set by the action plugin; leave it out.
    type: str
"""

EXAMPLES = r"""
- name: Ask every step whether it has something to do
  selfhost.pyapps.run_plan:
    roles: [supervisor, streamlit_app, nginx, healthcheck]
    programs:
      nginx: [/usr/sbin/nginx]
    services:
      nginx: {name: nginx, service_manager: systemd}
  register: plan

- name: Serve the apps with nginx
  ansible.builtin.include_role:
    name: selfhost.pyapps.nginx
  when: plan.todo.nginx
"""

RETURN = r"""
todo:
  description: By role, whether it has something to do, or cannot say.
  returned: always
  type: dict
  sample: {supervisor: false, streamlit_app: true, nginx: false, healthcheck: false}
differences:
  description: What would be changed, as far as it was asked.
  returned: always
  type: list
  elements: dict
  contains:
    role:
      description: Which role would change it.
      type: str
    what:
      description: What it is, and how it differs.
      type: str
  sample: [{role: nginx, what: /etc/nginx/sites-available/pyapps.conf is not as it was left}]
app_results:
  description: What has become of every app, when O(apps_role) has nothing to do.
  returned: when it has nothing to do
  type: dict
reached:
  description: Whether RV(app_results) says of each app whether it was reached through the front.
  returned: when the role of the apps has nothing to do
  type: bool
health:
  description: What M(selfhost.pyapps.health_info) has returned.
  returned: when no role has anything to do and O(health) is given
  type: dict
"""

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._entry.asking import ask, told
from ansible_collections.selfhost.pyapps.plugins.module_utils._entry.questions import GIVEN, from_word

ARGUMENTS: dict[str, t.Any] = {**GIVEN, "questions": {"type": "str", "no_log": True}}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    os.umask(0o022)
    questions = from_word(module.params["questions"] or "")
    answers = ask(questions, module, module.params["thorough"])
    for warning in dict.fromkeys(warning for answer in answers for warning in answer.warnings):
        module.warn(warning)
    module.exit_json(changed=False, **told(questions, answers, module.params["apps_role"]))


if __name__ == "__main__":
    main()
