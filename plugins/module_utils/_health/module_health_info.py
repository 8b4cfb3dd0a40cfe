# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module ``health_info`` takes and does; the plan of a run asks it, too."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.arguments import ROOT, become_hint
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.check import check
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.report import as_dict

ARGUMENTS: dict[str, t.Any] = {
    **ROOT,
    "apps": {"type": "list", "elements": "str", "default": []},
    "timeout": {"type": "float"},
}


def act(module: AnsibleModule) -> None:
    """What the module does; it ends by ``exit_json`` or ``fail_json``."""
    try:
        report = check(Layout(module.params["root"]), module.params["timeout"], module.params["apps"])
    except OSError as error:
        module.fail_json(
            msg="The host below %s cannot be looked at: %s%s" % (module.params["root"], error, become_hint(error))
        )
    module.exit_json(changed=False, **as_dict(report))
