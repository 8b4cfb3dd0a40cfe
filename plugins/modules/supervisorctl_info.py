#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: supervisorctl_info
short_description: Ask supervisord what runs
version_added: 0.1.0
description:
  - Asks a supervisord over its UNIX socket for the state, pid, uptime, exit status and last error of each process.
  - A daemon that is down is an answer, not a failure; it is another answer than a program that is down.
  - Fails when it may not open the socket, because then nothing is known.
author: The selfhost.pyapps founders (@selfhost-pyapps)
extends_documentation_fragment:
  - selfhost.pyapps.attributes.info
options:
  root:
    description:
      - The root folder of everything on the target; the daemon of this collection is asked.
      - Exactly one of O(root) and O(socket) is needed.
    type: path
  socket:
    description: The socket of any supervisord.
    type: path
  names:
    description:
      - Names of programs, or of apps of this collection; without any, all processes are returned.
      - Programs of a group are named C(group:program).
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds that the daemon may take to answer.
    type: int
    default: 10
"""

EXAMPLES = r"""
- name: Ask for everything
  selfhost.pyapps.supervisorctl_info:
    root: /
  register: supervisor

- name: Fail when the daemon is down, or a program is not running
  ansible.builtin.assert:
    that:
      - supervisor.daemon.running
      - supervisor.processes.values() | rejectattr('state', 'in', ['RUNNING', 'STARTING']) | length == 0

- name: Ask Debian's daemon for one program
  selfhost.pyapps.supervisorctl_info:
    socket: /var/run/supervisor.sock
    names: [dash]
"""

RETURN = r"""
daemon:
  description: The daemon itself.
  returned: always
  type: dict
  contains:
    running:
      description: Whether it answers.
      type: bool
    reason:
      description: Why it does not answer, and what to do; empty when it does.
      type: str
    socket:
      description: The socket that was asked.
      type: str
    version:
      description: supervisor's version, or V(null).
      type: str
      sample: 4.3.0
    pid:
      description: The daemon's process id, or V(null).
      type: int
processes:
  description: What the daemon supervises, by name; empty when it is down.
  returned: always
  type: dict
  contains:
    state:
      description:
        - One of V(RUNNING), V(STARTING), V(BACKOFF) (it crashed and will be started again), V(FATAL) (it crashed too
          often), V(EXITED), V(STOPPING), V(STOPPED), V(UNKNOWN).
      type: str
    pid:
      description: The process id, or V(null) when no process runs.
      type: int
    uptime:
      description: Seconds since the process was started, or V(null) when no process runs.
      type: int
    exit_status:
      description:
        - Status of the last exit, V(-1) for an end by a signal.
        - supervisord knows it only for V(EXITED) and V(STOPPED), else it is V(null).
      type: int
    last_error:
      description: Why the last start failed; empty when it did not.
      type: str
  sample:
    caddy: {state: RUNNING, pid: 4242, uptime: 86400, exit_status: null, last_error: ""}
    app_1.0123456789abcdef0123456789abcdef:
      state: BACKOFF
      pid: null
      uptime: null
      exit_status: null
      last_error: Exited too quickly (process log may have details)
missing:
  description: Which of O(names) the daemon does not know; empty when it is down.
  returned: always
  type: list
  elements: str
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import INSTANCE, Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.rpc import (
    DaemonDownError,
    Process,
    Supervisor,
    SupervisorError,
)


def is_named(process: str, name: str) -> bool:
    """Whether a process is the program, or an instance of the app, with this name."""
    app, _dot, instance = process.rpartition(".")
    return process == name or (app == name and INSTANCE.fullmatch(instance) is not None)


def shown(process: Process) -> dict[str, t.Any]:
    """A process as it is returned."""
    return {
        "state": process.state,
        "pid": process.pid or None,
        "uptime": process.uptime if process.pid else None,
        "exit_status": process.exit_status,
        "last_error": process.spawn_error,
    }


def ask(supervisor: Supervisor, names: list[str]) -> dict[str, t.Any]:
    """Everything that is returned.

    :raises SupervisorError: the daemon may be up, but cannot be asked
    """
    daemon: dict[str, t.Any] = {
        "running": True,
        "reason": "",
        "socket": supervisor.socket,
        "version": None,
        "pid": None,
    }
    try:
        daemon.update(version=supervisor.version(), pid=supervisor.pid())
        processes = supervisor.processes()
    except DaemonDownError as error:
        daemon.update(running=False, reason=str(error), version=None, pid=None)
        return {"daemon": daemon, "processes": {}, "missing": []}
    wanted = {
        name: shown(process)
        for name, process in processes.items()
        if not names or any(is_named(name, wanted) for wanted in names)
    }
    missing = [name for name in names if not any(is_named(process, name) for process in processes)]
    return {"daemon": daemon, "processes": wanted, "missing": missing}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "root": {"type": "path"},
            "socket": {"type": "path"},
            "names": {"type": "list", "elements": "str", "default": []},
            "timeout": {"type": "int", "default": 10},
        },
        mutually_exclusive=[("root", "socket")],
        required_one_of=[("root", "socket")],
        supports_check_mode=True,
    )
    socket = module.params["socket"] or Layout(module.params["root"]).supervisor_socket
    try:
        answer = ask(Supervisor(socket, module.params["timeout"]), module.params["names"])
    except SupervisorError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, **answer)


if __name__ == "__main__":
    main()
