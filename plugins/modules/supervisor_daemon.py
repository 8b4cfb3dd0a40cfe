#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: supervisor_daemon
short_description: Run a supervisord of our own beside whatever else runs, or use the system's
version_added: 0.1.0
description:
  - Writes C(supervisord.conf) and what starts the daemon (a systemd unit, or an init script that works without root
    too), starts the daemon and has it started at boot.
  - The configuration is read by supervisor's own parser before it replaces the old one, which is kept as a copy.
  - The daemon is restarted, and with it all its programs, only when its own files or its environment have changed.
  - Its programs are the matter of M(selfhost.pyapps.supervisor_programs).
author: The selfhost.pyapps founders (@selfhost-pyapps)
extends_documentation_fragment:
  - selfhost.pyapps.host
  - selfhost.pyapps.attributes.full
options:
  state:
    description:
      - Whether the daemon runs. V(absent) removes our own daemon with its files.
      - With O(instance=system), V(absent) only takes our programs out of the system's daemon.
    type: str
    choices: [present, absent]
    default: present
  instance:
    description:
      - V(own) is a daemon of its own, which an upgrade of Debian's package does not restart.
      - V(system) uses the daemon of Debian's package, whose folder C(/etc/supervisor/conf.d) then holds our programs.
    type: str
    choices: [own, system]
    default: own
  source:
    description:
      - V(wheel) starts the supervisor of the environment C(tools/supervisor), which
        M(selfhost.pyapps.environments) makes.
      - V(debian) starts that of Debian's package.
    type: str
    choices: [wheel, debian]
    default: wheel
  service_manager:
    description:
      - Who starts the daemon. Both V(systemd) and V(sysv) need root.
      - With V(none) this task starts it; the script C(etc/pyapps/supervisor/daemon) below O(root) starts and stops it
        by hand.
      - With V(supervisor) it is the first process of a container, which starts and ends with it.
    type: str
    choices: [systemd, sysv, none, supervisor]
    default: systemd
  activate:
    description: Whether the daemon shall run now. With V(false) its files are written and nothing is started.
    type: bool
    default: true
  firewall:
    description:
      - Whether the watcher keeps other users of the host from the ports of apps, with nftables.
      - Only root's host with O(root=/) has that.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Run a supervisord of our own
  selfhost.pyapps.supervisor_daemon:
    root: /

- name: Run one without root
  selfhost.pyapps.supervisor_daemon:
    root: /home/me/pyapps
    service_manager: none
"""

RETURN = r"""
service:
  description: What the service manager was told, or in check mode would be.
  returned: always
  type: list
  elements: str
  sample: [enable, start]
socket:
  description: The socket that the daemon answers on.
  returned: always
  type: str
  sample: /run/pyapps/supervisor.sock
watcher:
  description: The program of our watcher, an entry for O(selfhost.pyapps.supervisor_programs#module:programs).
  returned: always
  type: dict
"""

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.arguments import ROOT
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.system_python import system_python
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor import (
    daemon as _supervisor_daemon,
    service as _supervisor_service,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.conf import ConfError
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.files import (
    FIREWALL,
    NO_FIREWALL,
    WATCHER,
    Wish,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.rpc import SupervisorError
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import firewall as _firewall


def check(wish: Wish) -> None:
    """Refuse what can not work together.

    :raises DaemonError: what, and what to do
    """
    if wish.manager in ("systemd", "sysv") and not wish.as_root:
        raise _supervisor_daemon.DaemonError(
            "service_manager=%s needs root: become root, or choose service_manager=none" % wish.manager
        )
    if not wish.own and wish.manager in ("none", "supervisor"):
        raise _supervisor_daemon.DaemonError(
            "instance=system is Debian's daemon, which only root can use: choose service_manager=systemd or sysv"
        )


def watcher(wish: Wish, firewall: bool) -> dict[str, t.Any]:
    """The program of our watcher; it is restarted when it was installed anew."""
    layout = wish.layout
    command = [system_python(), "-I", layout.zipapp, "watch", layout.root, FIREWALL if firewall else NO_FIREWALL]
    # Debian's daemon has its socket elsewhere; the watcher links it after each boot.
    command += [] if wish.own else [wish.socket]
    return {"name": WATCHER, "command": command, "newer": [layout.zipapp], "priority": 900}


def converge(module: AnsibleModule, wish: Wish) -> _supervisor_daemon.Plan:
    """Plan, and outside check mode do it."""
    check(wish)
    present = module.params["state"] == "present"
    running = _supervisor_daemon.is_running(wish)
    plan = _supervisor_daemon.plan_present if present else _supervisor_daemon.plan_absent
    todo = plan(wish, running)
    if not module.check_mode:
        if todo.changed:
            _supervisor_service.apply(wish, todo, module.run_command, module.backup_local)
        if present:
            _supervisor_service.remember(wish)
    return todo


def opens_ports(module: AnsibleModule, layout: Layout) -> bool:
    """Take the rules of the watcher away when the daemon goes; whether there are any.

    :raises FirewallError: they stay
    """
    if module.params["state"] == "present" or not _firewall.is_for(layout) or not _firewall.is_there():
        return False
    if not module.check_mode:
        _firewall.remove()
    return True


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **ROOT,
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "instance": {"type": "str", "choices": ["own", "system"], "default": "own"},
            "source": {"type": "str", "choices": ["wheel", "debian"], "default": "wheel"},
            "service_manager": {
                "type": "str",
                "choices": ["systemd", "sysv", "none", "supervisor"],
                "default": "systemd",
            },
            "activate": {"type": "bool", "default": True},
            "firewall": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    os.umask(0o022)
    wish = Wish(
        layout=Layout(module.params["root"]),
        own=module.params["instance"] == "own",
        from_debian=module.params["source"] == "debian",
        manager=module.params["service_manager"],
        as_root=os.geteuid() == 0,
        activate=module.params["activate"],
    )
    try:
        todo = converge(module, wish)
        opened = opens_ports(module, wish.layout)
    except (ConfError, OSError, SupervisorError, _firewall.FirewallError, _supervisor_daemon.DaemonError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(
        changed=todo.changed or opened,
        service=todo.service,
        socket=wish.layout.supervisor_socket,
        watcher=watcher(wish, module.params["firewall"]),
        diff=todo.diff,
    )


if __name__ == "__main__":
    main()
