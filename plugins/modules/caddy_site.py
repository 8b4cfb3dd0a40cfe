#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: caddy_site
short_description: Serve the whole catalog with a Caddy of our own
version_added: 0.1.0
author: The selfhost.pyapps founders (@selfhost-pyapps)
description:
  - Writes the Caddyfile, the gallery, and the page of an app that does not answer, each only when it differs, and makes
    Caddy's folders and, as root, its user C(pyapps-caddy).
  - Lets C(caddy validate) judge the new configuration. When Caddy refuses it, the old files are put back and the module
    fails with Caddy's words.
  - Starts and reloads nothing. Run RV(command), run RV(reload_command) when the module has changed something, then
    delete RV(pending).
  - With O(state=absent) these are removed again, with the user.
  - Caddy never runs as root. Its admin endpoint is a UNIX socket in a folder that only its user may enter.
  - Without root, an empty O(address) means V(127.0.0.1).
extends_documentation_fragment:
  - selfhost.pyapps.host
  - selfhost.pyapps.front
  - selfhost.pyapps.host.users
options:
  binary:
    description:
      - The program, Caddy 2.8 or newer. By default C(<root>/srv/pyapps/tools/caddy/bin/caddy), where
        M(selfhost.pyapps.environments) puts it.
    type: path
attributes:
  check_mode:
    support: full
    description: Changes nothing, and so cannot let Caddy judge the new configuration; RV(notices) says that.
  diff_mode:
    support: full
    description: Shows what changes in each file.
  idempotent:
    support: full
    description: Reports a change, and lets Caddy judge its configuration, until RV(pending) is deleted.
"""

EXAMPLES = r"""
- name: Serve the catalog
  selfhost.pyapps.caddy_site:
    apps: "{{ __pyapps_catalog.apps }}"
    port: 8080
    address: 127.0.0.1
  register: __caddy_site
  notify: Reload Caddy
"""

RETURN = r"""
command:
  description: What runs Caddy. It stays in the foreground and dies with the process that has started it.
  returned: success
  type: list
  elements: str
reload_command:
  description: What lets a running Caddy read its configuration again. Open WebSockets stay open.
  returned: success
  type: list
  elements: str
pending:
  description: A file that exists while Caddy has not loaded what was written. Who reloads Caddy deletes it.
  returned: success
  type: str
notices:
  description: What could not be known.
  returned: success
  type: list
  elements: str
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.caddy.module_caddy_site import ARGUMENTS, act


def main() -> None:
    os.umask(0o022)
    act(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True))


if __name__ == "__main__":
    main()
