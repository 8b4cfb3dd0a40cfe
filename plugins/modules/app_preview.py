#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: app_preview
short_description: Make the previews of Python web apps live, or end them
version_added: 0.3.0
description:
  - What M(selfhost.pyapps.instances) has started as a preview goes live as it is, without another start, or ends.
author: The selfhost.pyapps founders (@selfhost-pyapps)
extends_documentation_fragment:
  - selfhost.pyapps.host
  - selfhost.pyapps.host.lock
  - selfhost.pyapps.host.deploy
  - selfhost.pyapps.attributes
options:
  app:
    description: Names of apps.
    type: list
    elements: str
    required: true
  state:
    description: What becomes of their previews.
    type: str
    choices: [live, absent]
    required: true
  progress:
    description: Set by the action plugin of the same name, which shows what this module is doing.
    type: str
attributes:
  check_mode:
    support: full
    description: Says which previews would go live or end.
  diff_mode:
    support: full
    description: Names the releases before and after.
  idempotent:
    support: partial
    description: A second V(absent) changes nothing; a second V(live) is refused, because there is no preview any more.
"""

EXAMPLES = r"""
- name: Make what was tried out live
  selfhost.pyapps.app_preview:
    root: /
    app: [app_1]
    state: live
"""

RETURN = r"""
app_results:
  description: By app, what M(selfhost.pyapps.instances) returns.
  returned: always
  type: dict
apps:
  description: The apps that were meant, with C(name) and C(base_path), for M(selfhost.pyapps.app_table).
  returned: always
  type: list
  elements: dict
url:
  description: The URL of the front.
  returned: always
  type: str
"""

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils import _preview_end
from ansible_collections.selfhost.pyapps.plugins.module_utils._app_choice import ChoiceError, choose
from ansible_collections.selfhost.pyapps.plugins.module_utils._app_turn import Run
from ansible_collections.selfhost.pyapps.plugins.module_utils._arguments import DEPLOY, LOCK, ROOT
from ansible_collections.selfhost.pyapps.plugins.module_utils._host_plan import deployed_apps, read_applied, table_rows
from ansible_collections.selfhost.pyapps.plugins.module_utils._instances import Outcome, deploy
from ansible_collections.selfhost.pyapps.plugins.module_utils._layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._lock import LockedError, host_lock
from ansible_collections.selfhost.pyapps.plugins.module_utils._ports import PortError, parse_range
from ansible_collections.selfhost.pyapps.plugins.module_utils._progress import Progress, progress_path
from ansible_collections.selfhost.pyapps.plugins.module_utils._retire import RetireError
from ansible_collections.selfhost.pyapps.plugins.module_utils._supervisor_rpc import SupervisorError


def end(run: Run, names: list[str], state: str, applied: t.Mapping[str, t.Any]) -> Outcome:
    """Make the previews of these apps live, or end them; who calls holds the host's lock."""
    if state == "live":
        return deploy(run, *_preview_end.prepare(run.layout, names, applied["apps"]))
    return _preview_end.discard(run, names)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **ROOT,
            "app": {"type": "list", "elements": "str", "required": True},
            "state": {"type": "str", "choices": ["live", "absent"], "required": True},
            **DEPLOY,
            **LOCK,
            "progress": {"type": "str"},
        },
        supports_check_mode=True,
    )
    params, layout = module.params, Layout(module.params["root"])
    progress = Progress(progress_path(layout, "app_preview"), params["progress"])
    try:
        if not any(name.strip() for name in params["app"]):
            raise ChoiceError("app: found nothing. Say whose previews are meant, such as -e app=app_1.")
        names = choose(params["app"], deployed_apps(layout), "on this host")
        applied = read_applied(layout)
        run = Run(
            layout=layout,
            ports=parse_range(params["port_range"]),
            parallel=params["parallel"] or os.cpu_count() or 1,
            check_mode=module.check_mode,
            public_url=params["public_url"] or None,
            say=progress.say,
        )
        if run.check_mode:
            outcome = end(run, names, params["state"], applied)
        else:
            with host_lock(layout.lock, params["lock_timeout"], "ends previews"):
                outcome = end(run, names, params["state"], applied)
    except (ChoiceError, LockedError, OSError, PortError, RetireError, SupervisorError, ValueError) as error:
        module.fail_json(msg=str(error))
    finally:
        progress.close()
    module.exit_json(
        changed=outcome.changed,
        app_results=outcome.results,
        apps=table_rows(applied, names),
        url=applied["url"],
        diff=list(outcome.diffs),
        progress=progress.lines,
    )


if __name__ == "__main__":
    main()
