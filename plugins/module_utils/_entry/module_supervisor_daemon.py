# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module ``supervisor_daemon`` takes and does; the plan of a run asks it, too."""

from __future__ import annotations

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

ARGUMENTS: dict[str, t.Any] = {
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
}


def check(wish: Wish) -> None:
    """Refuse what cannot work together.

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


def act(module: AnsibleModule) -> None:
    """What the module does; it ends by ``exit_json`` or ``fail_json``."""
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
