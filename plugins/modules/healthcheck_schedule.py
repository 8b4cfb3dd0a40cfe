#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: healthcheck_schedule
short_description: Run the health check of a host every few minutes
version_added: 0.1.0
description:
  - Makes a timer of systemd, a file of cron, or without root a line in the crontab of who runs this.
  - The check is C(pyapps healthcheck --quiet --notify).
author: The selfhost.pyapps founders (@selfhost-pyapps)
extends_documentation_fragment:
  - selfhost.pyapps.host
  - selfhost.pyapps.attributes.full
options:
  state:
    description: Whether the check is run regularly.
    type: str
    choices: [present, absent]
    default: present
  service_manager:
    description: V(systemd) for a timer, V(sysv) for a file in C(/etc/cron.d), V(none) for the user's crontab.
    type: str
    choices: [systemd, sysv, none]
    required: true
  minutes:
    description: Minutes from one check to the next, 1 to 59.
    type: int
    default: 5
"""

EXAMPLES = r"""
- name: Check every ten minutes
  selfhost.pyapps.healthcheck_schedule:
    root: /
    service_manager: systemd
    minutes: 10
"""

RETURN = r"""
command:
  description: What is run.
  returned: always
  type: list
  elements: str
  sample: [/usr/bin/python3, -I, /srv/pyapps/tools/pyapps.pyz, healthcheck, --quiet, --notify]
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.module_healthcheck_schedule import ARGUMENTS, act


def main() -> None:
    os.umask(0o022)
    act(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True))


if __name__ == "__main__":
    main()
