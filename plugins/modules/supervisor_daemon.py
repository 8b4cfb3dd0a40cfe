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

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._entry.module_supervisor_daemon import (
    ARGUMENTS,
    act,
)


def main() -> None:
    os.umask(0o022)
    act(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True))


if __name__ == "__main__":
    main()
