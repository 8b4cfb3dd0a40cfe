#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: supervisor_programs
short_description: Add, change and remove named programs of supervisor in one task
version_added: 0.1.0
description:
  - Writes one file for each of O(programs), and lets supervisord add, restart or remove exactly those that differ from
    what it runs.
  - Programs that are not named are never touched, and programs of apps' instances are refused.
  - A program that was stopped or has failed is started again when it has O(programs[].autostart).
  - Talks to supervisord over its UNIX socket, and so needs no C(supervisorctl).
author: The selfhost.pyapps founders (@selfhost-pyapps)
extends_documentation_fragment:
  - selfhost.pyapps.host
  - selfhost.pyapps.host.lock
  - selfhost.pyapps.attributes.full
notes:
  - In check mode on a host without a running supervisord, what would happen is told from the files alone.
options:
  programs:
    description: The programs that are wanted.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The program's name.
        type: str
        required: true
      command:
        description: The command and its arguments, as they are; the first one is an absolute path.
        type: list
        elements: str
        required: true
      user:
        description: The user who runs it; by default the one who runs supervisord.
        type: str
      directory:
        description: The folder that it starts in.
        type: path
        default: /
      stop_signal:
        description: The signal that ends it.
        type: str
        choices: [TERM, INT, QUIT, HUP, USR1, USR2]
        default: TERM
      stop_wait:
        description: Seconds until it is killed when the signal has not ended it.
        type: int
        default: 10
      start_seconds:
        description: Seconds that it must stay up to count as running.
        type: int
        default: 1
      start_retries:
        description: How often a failed start is tried again before supervisord gives up.
        type: int
        default: 10
      autostart:
        description: Whether it runs.
        type: bool
        default: true
      priority:
        description: Programs with a lower number are started first and stopped last.
        type: int
      log_max_mb:
        description: Size in MB at which a log is rotated.
        type: int
        default: 10
      log_backups:
        description: How many rotated logs are kept.
        type: int
        default: 5
      newer:
        description: Files; when one of them is younger than the process, the program is restarted.
        type: list
        elements: path
        default: []
  absent:
    description: Names of programs that shall not be there; their logs are deleted too.
    type: list
    elements: str
    default: []
  activate:
    description: Whether supervisord is told. With V(false) the files are written, for a daemon that is started later.
    type: bool
    default: true
  wait:
    description: Seconds that a program may take until it is up, when this task has touched it.
    type: int
    default: 30
"""

EXAMPLES = r"""
- name: Supervise Caddy
  selfhost.pyapps.supervisor_programs:
    root: /
    programs:
      - name: caddy
        command: [/usr/bin/caddy, run, --config, /etc/caddy/Caddyfile]

- name: Stop and remove it
  selfhost.pyapps.supervisor_programs:
    root: /
    absent: [caddy]
"""

RETURN = r"""
actions:
  description: What supervisord was told, or in check mode would be.
  returned: always
  type: list
  elements: str
  sample: [add caddy, restart pyapps-watcher]
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.module_supervisor_programs import (
    ARGUMENTS,
    act,
)


def main() -> None:
    os.umask(0o022)
    act(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True))


if __name__ == "__main__":
    main()
