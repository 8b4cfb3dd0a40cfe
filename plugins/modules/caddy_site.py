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
    description: Changes nothing, and so can not let Caddy judge the new configuration; RV(notices) says that.
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
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.arguments import (
    ARGUMENTS,
    refuse_stranger,
    settings_of,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.caddy.process import (
    USER,
    CaddyProcess,
    refuse_low_port,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.caddy.site import caddy_config
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.files import no_page_files, page_files
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.install import Install, RejectedError, Wanted
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.routes import FrontError, app_routes
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.arguments import USERS
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.users import UserError


def _wanted(params: dict[str, t.Any], caddy: CaddyProcess, as_root: bool) -> list[Wanted]:
    if params["state"] == "absent":
        return [Wanted(caddy.config, None), *no_page_files(Layout(params["root"]))]
    own = {} if as_root or params["address"] else {"address": "127.0.0.1"}
    settings = settings_of(params, **own)
    routes = app_routes(settings.layout, params["apps"])
    return [
        *page_files(routes, settings),
        Wanted(caddy.config, caddy_config(routes, settings)),
    ]


def _apply(module: AnsibleModule, caddy: CaddyProcess, install: Install) -> None:
    if module.params["state"] == "absent":
        install.apply(lambda: None)
        install.loaded()
        caddy.remove(module.run_command)
        return
    caddy.make_folders(module.params["uid_range"], module.run_command)
    if install.changed:
        caddy.check_version(module.run_command)
        install.apply(lambda: caddy.judge(module.run_command))


def main() -> None:
    module = AnsibleModule(argument_spec={**ARGUMENTS, **USERS, "binary": {"type": "path"}}, supports_check_mode=True)
    os.umask(0o022)
    as_root = os.geteuid() == 0
    layout = Layout(module.params["root"])
    binary = module.params["binary"] or os.path.join(layout.tools, "caddy", "bin", "caddy")
    present = module.params["state"] == "present"
    notices = []
    try:
        caddy = CaddyProcess(layout, binary, as_root)
        if present:
            refuse_low_port(module.params["port"], as_root)
            refuse_stranger(module.params["port"], caddy.config, USER if as_root else None)
        install = Install(layout, "caddy", _wanted(module.params, caddy, as_root))
        changed = install.changed or (caddy.folders_differ() if present else bool(caddy.remnants()))
        diff = install.diff
        if changed and module.check_mode:
            notices.append("Check mode: Caddy has not judged the new configuration.")
        elif changed:
            _apply(module, caddy, install)
    except RejectedError as error:
        module.fail_json(msg="Caddy refuses its configuration, so the old files are back. It says: %s" % error)
    except (FrontError, UserError) as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg="the front's files cannot be written: %s" % error)
    except (KeyError, TypeError) as error:
        module.fail_json(msg="an entry of apps is not what setup_toml returns: %s" % error)
    module.exit_json(
        changed=changed,
        diff=diff,
        command=caddy.run_command(),
        reload_command=caddy.reload_command(),
        pending=install.pending,
        notices=notices,
    )


if __name__ == "__main__":
    main()
