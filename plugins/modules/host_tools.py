#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host_tools
short_description: Put the starter, the watcher and the command C(pyapps) on a host
version_added: 0.1.0
description:
  - Installs one zipapp, made on the controller from this collection, that starts apps and watches them on the target
    with the system's Python and nothing else.
  - Installs the short command C(pyapps), V(/usr/local/bin/pyapps) when O(root) is V(/), else C(bin/pyapps) below
    O(root). C(pyapps ctl) is C(supervisorctl) for this collection's daemon, with apps' names for programs' names.
  - The zipapp is sent only when the target has another one.
author: The selfhost.pyapps founders (@selfhost-pyapps)
extends_documentation_fragment:
  - selfhost.pyapps.host
  - selfhost.pyapps.attributes.full
options:
  checksum:
    description: SHA-256 of the zipapp. Set by the action plugin of the same name.
    type: str
  source:
    description: Path of the zipapp on the target. Set by the action plugin of the same name.
    type: path
"""

EXAMPLES = r"""
- name: Install the starter, the watcher and the command pyapps
  selfhost.pyapps.host_tools:
    root: /
"""

RETURN = r"""
command:
  description: Path of the short command.
  returned: always
  type: str
  sample: /usr/local/bin/pyapps
zipapp:
  description: Path of the zipapp.
  returned: always
  type: str
  sample: /srv/pyapps/tools/pyapps.pyz
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.arguments import ROOT
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.tools import (
    ForeignCommandError,
    differences,
    install,
)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **ROOT,
            "checksum": {"type": "str"},
            "source": {"type": "path"},
        },
        supports_check_mode=True,
    )
    os.umask(0o022)
    if not module.params["checksum"]:
        module.fail_json(msg="host_tools needs its action plugin, which makes the zipapp on the controller.")
    layout = Layout(module.params["root"])
    try:
        needed = differences(layout, module.params["checksum"])
        # Without the zipapp itself, this was only the question whether it has to be sent.
        send = needed.zipapp and not module.params["source"]
        if not module.check_mode and not send:
            install(layout, needed, module.params["source"])
    except (ForeignCommandError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(
        changed=needed.zipapp or needed.command,
        command=layout.command,
        zipapp=layout.zipapp,
        send=send,
        diff=needed.diff,
    )


if __name__ == "__main__":
    main()
