# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module ``supervisor_programs`` takes and does; the plan of a run asks it, too."""

from __future__ import annotations

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


ARGUMENTS: dict[str, t.Any] = {
    **ROOT,
    "programs": {"type": "list", "elements": "dict", "options": _PROGRAM, "default": []},
    "absent": {"type": "list", "elements": "str", "default": []},
    "activate": {"type": "bool", "default": True},
    "wait": {"type": "int", "default": 30},
    **LOCK,
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


def act(module: AnsibleModule) -> None:
    """What the module does; it ends by ``exit_json`` or ``fail_json``."""
    try:
        done = converge(module)
    except (ConfError, LockedError, OSError, SupervisorError, _programs.ProgramError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=done.changed, actions=done.actions, diff=done.diff)
