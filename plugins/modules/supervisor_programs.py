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
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.arguments import LOCK, ROOT
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import make_folder
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.lock import LockedError, host_lock
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor import programs as _programs
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.conf import ConfError, program_text
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.rpc import (
    Supervisor,
    SupervisorError,
)

_PROGRAM = {
    "name": {"type": "str", "required": True},
    "command": {"type": "list", "elements": "str", "required": True},
    "user": {"type": "str"},
    "directory": {"type": "path", "default": "/"},
    "stop_signal": {"type": "str", "choices": ["TERM", "INT", "QUIT", "HUP", "USR1", "USR2"], "default": "TERM"},
    "stop_wait": {"type": "int", "default": 10},
    "start_seconds": {"type": "int", "default": 1},
    "start_retries": {"type": "int", "default": 10},
    "autostart": {"type": "bool", "default": True},
    "priority": {"type": "int"},
    "log_max_mb": {"type": "int", "default": 10},
    "log_backups": {"type": "int", "default": 5},
    "newer": {"type": "list", "elements": "path", "default": []},
}


def read_programs(layout: Layout, entries: list[dict[str, t.Any]]) -> list[_programs.Program]:
    """The parameter O(programs) with each program's file."""
    found = []
    for entry in entries:
        options = {key: value for key, value in entry.items() if key != "newer"}
        found.append(
            _programs.Program(
                name=entry["name"],
                text=program_text(layout=layout, **options),
                newer=tuple(entry["newer"]),
                stop_wait=entry["stop_wait"],
                autostart=entry["autostart"],
            )
        )
    return found


def converge(module: AnsibleModule) -> _programs.Plan:
    """Plan, and outside check mode do it under the host's lock."""
    layout, absent = Layout(module.params["root"]), module.params["absent"]
    supervisor = Supervisor(layout.supervisor_socket)
    wanted = read_programs(layout, module.params["programs"])
    _programs.check_names([program.name for program in wanted] + absent)
    if not module.params["activate"]:
        return lay_out(module, layout, wanted)
    if module.check_mode:
        return _programs.plan(layout, wanted, absent, _programs.ask(supervisor))
    if not os.path.isdir(layout.run):
        make_folder(layout.run)
    with host_lock(layout.lock, module.params["lock_timeout"], "changes supervisor's programs"):
        if wanted:
            supervisor.pid()  # without a daemon nothing can be started
        todo = _programs.plan(layout, wanted, absent, _programs.ask(supervisor))
        if todo.changed:
            _programs.apply(layout, supervisor, wanted, todo, module.params["wait"])
    return todo


def lay_out(module: AnsibleModule, layout: Layout, wanted: list[_programs.Program]) -> _programs.Plan:
    """The files alone."""
    todo = _programs.plan_files(layout, wanted, module.params["absent"])
    if todo.changed and not module.check_mode:
        if not os.path.isdir(layout.run):
            make_folder(layout.run)
        with host_lock(layout.lock, module.params["lock_timeout"], "writes supervisor's programs"):
            _programs.write(layout, wanted, todo)
    return todo


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **ROOT,
            "programs": {"type": "list", "elements": "dict", "options": _PROGRAM, "default": []},
            "absent": {"type": "list", "elements": "str", "default": []},
            "activate": {"type": "bool", "default": True},
            "wait": {"type": "int", "default": 30},
            **LOCK,
        },
        supports_check_mode=True,
    )
    os.umask(0o022)
    try:
        done = converge(module)
    except (ConfError, LockedError, OSError, SupervisorError, _programs.ProgramError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=done.changed, actions=done.actions, diff=done.diff)


if __name__ == "__main__":
    main()
