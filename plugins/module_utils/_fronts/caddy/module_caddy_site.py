# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module ``caddy_site`` takes and does; the plan of a run asks it, too."""

from __future__ import annotations

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.arguments import (
    FRONT_ARGUMENTS,
    refuse_stranger,
    settings_of,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.caddy.process import (
    CaddyProcess,
    refuse_low_port,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.caddy.site import caddy_config
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.caddy.user import USER
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.files import no_page_files, page_files
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.install import Install, RejectedError, Wanted
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.routes import FrontError, app_routes
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.arguments import USERS
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.users import UserError

ARGUMENTS: dict[str, t.Any] = {**FRONT_ARGUMENTS, **USERS, "binary": {"type": "path"}}


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


def act(module: AnsibleModule) -> None:
    """What the module does; it ends by ``exit_json`` or ``fail_json``."""
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
