# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module ``front_info`` takes and does; the plan of a run asks it, too."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.front_answers import asked
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.settings import front_address
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import ResultError, as_dicts, results_of

ARGUMENTS: dict[str, t.Any] = {
    "apps": {"type": "list", "elements": "dict", "required": True},
    "results": {"type": "dict", "required": True},
    "front": {"type": "str", "choices": ["nginx", "caddy"], "required": True},
    "port": {"type": "int", "required": True},
    "address": {"type": "str", "default": ""},
    "server_names": {"type": "list", "elements": "str", "default": []},
    "timeout": {"type": "float", "default": 10.0},
}


def act(module: AnsibleModule) -> None:
    """What the module does; it ends by ``exit_json`` or ``fail_json``."""
    params = module.params
    front = front_address(params["front"], params["port"], params["address"], params["server_names"])
    try:
        results = results_of(params["results"])
    except ResultError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, app_results=as_dicts(asked(params["apps"], results, front, params["timeout"])))
