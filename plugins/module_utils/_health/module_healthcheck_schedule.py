# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module ``healthcheck_schedule`` takes and does; the plan of a run asks it, too."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.arguments import ROOT
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.schedule import (
    MANAGERS,
    ScheduleError,
    Wish,
    apply,
    command,
    plan,
)

_LONGEST = 59  # cron counts within an hour


ARGUMENTS: dict[str, t.Any] = {
    **ROOT,
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "service_manager": {"type": "str", "choices": list(MANAGERS), "required": True},
    "minutes": {"type": "int", "default": 5},
}


def act(module: AnsibleModule) -> None:
    """What the module does; it ends by ``exit_json`` or ``fail_json``."""
    minutes = module.params["minutes"]
    if not 1 <= minutes <= _LONGEST:
        module.fail_json(msg="minutes: found %d; 1 to %d are allowed" % (minutes, _LONGEST))
    present = module.params["state"] == "present"
    layout = Layout(module.params["root"])
    wish = Wish(layout, module.params["service_manager"], minutes if present else 0)
    try:
        todo = plan(wish, module.run_command)
        if not module.check_mode:
            apply(todo, module.run_command)
    except (ScheduleError, OSError) as error:
        module.fail_json(msg="The health check cannot be run regularly: %s" % error)
    module.exit_json(changed=todo.changed, command=command(layout), diff=todo.diff)
