#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: app_rollback
short_description: Bring an earlier release of Python web apps live again without anybody noticing
version_added: 0.3.0
description:
  - Starts an instance of each app's last good release, or of a named one, beside the live one, lets it prove itself as
    in a deploy, makes it live, and lets the old one drain. One that fails is removed, and the old one goes on.
  - An instance of that release that still drains is made live again, without a start.
  - Needs no network and builds nothing. The release gets the secrets that the app has today.
  - The release that is left is withdrawn; M(selfhost.pyapps.releases) does not bring it live by itself. A rollback to
    it does.
  - See M(selfhost.pyapps.instances) for what is proven.
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
  release:
    description:
      - The release to go back (or forward) to, of one app.
      - Empty means the last one that has been live and was not rolled back.
    type: str
    default: ""
  progress:
    description: Set by the action plugin of the same name, which shows what this module is doing.
    type: str
attributes:
  check_mode:
    support: full
    description: Says what would go back to which release, and starts nothing.
  diff_mode:
    support: full
    description: Names the releases before and after.
  idempotent:
    support: partial
    description: With O(release) a second run changes nothing; without it each run goes one release further back.
"""

EXAMPLES = r"""
- name: Go back to the last good release
  selfhost.pyapps.app_rollback:
    root: /
    app: [app_1]
  register: rolled_back
"""

RETURN = r"""
app_results:
  description: By app, what M(selfhost.pyapps.instances) returns.
  returned: always
  type: dict
  contains:
    release:
      description: The release that is live now.
      type: str
    start_seconds:
      description: How long its instance took until it had proven itself; not there when one ran already.
      type: float
    switch_seconds:
      description: How long the switch itself took.
      type: float
  sample: {app_1: {state: ok, changed: true, release: 5d41402abc4b2a76, start_seconds: 3.4, switch_seconds: 0.02}}
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
from ansible_collections.selfhost.pyapps.plugins.module_utils import _rollback
from ansible_collections.selfhost.pyapps.plugins.module_utils._app_choice import ChoiceError, choose
from ansible_collections.selfhost.pyapps.plugins.module_utils._app_turn import Run
from ansible_collections.selfhost.pyapps.plugins.module_utils._arguments import DEPLOY, LOCK, ROOT
from ansible_collections.selfhost.pyapps.plugins.module_utils._host_plan import deployed_apps, read_applied, table_rows
from ansible_collections.selfhost.pyapps.plugins.module_utils._instances import Outcome, deploy
from ansible_collections.selfhost.pyapps.plugins.module_utils._layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._lock import LockedError, host_lock
from ansible_collections.selfhost.pyapps.plugins.module_utils._ports import PortError, parse_range
from ansible_collections.selfhost.pyapps.plugins.module_utils._progress import Progress, progress_path
from ansible_collections.selfhost.pyapps.plugins.module_utils._supervisor_rpc import SupervisorError


def roll_back(run: Run, names: list[str], release: str, applied: t.Mapping[str, t.Any], lock_timeout: float) -> Outcome:
    """Roll these apps back, holding the host's lock unless nothing is changed anyway."""
    if run.check_mode:
        return deploy(run, *_rollback.prepare(run.layout, names, release, applied["apps"], True))
    with host_lock(run.layout.lock, lock_timeout, "rolls apps back"):
        return deploy(run, *_rollback.prepare(run.layout, names, release, applied["apps"], False))


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **ROOT,
            "app": {"type": "list", "elements": "str", "required": True},
            "release": {"type": "str", "default": ""},
            **DEPLOY,
            **LOCK,
            "progress": {"type": "str"},
        },
        supports_check_mode=True,
    )
    params, layout = module.params, Layout(module.params["root"])
    release = params["release"].strip()
    os.umask(0o022)
    progress = Progress(progress_path(layout, "app_rollback"), params["progress"])
    try:
        names = choose(params["app"], deployed_apps(layout), "on this host")
        _rollback.check_request(layout, names, params["app"], release)
        applied = read_applied(layout)
        run = Run(
            layout=layout,
            ports=parse_range(params["port_range"]),
            parallel=params["parallel"] or os.cpu_count() or 1,
            check_mode=module.check_mode,
            public_url=params["public_url"] or None,
            rollback=True,
            say=progress.say,
        )
        outcome = roll_back(run, names, release, applied, params["lock_timeout"])
    except (
        ChoiceError,
        LockedError,
        OSError,
        PortError,
        SupervisorError,
        ValueError,
        _rollback.RollbackError,
    ) as error:
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
