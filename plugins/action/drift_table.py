# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import typing as t

from ansible_collections.selfhost.pyapps.plugins.plugin_utils._table import table
from ansible_collections.selfhost.pyapps.plugins.plugin_utils._table_action import TableAction


class ActionModule(TableAction):
    """Show what of a host is not as a run would leave it, and fail when there is something."""

    arguments: t.ClassVar = {
        "differences": {"type": "list", "elements": "dict", "required": True},
        "fail": {"type": "bool", "default": True},
    }

    def tell(self, given: dict[str, t.Any], host: str) -> tuple[list[str], dict[str, t.Any]]:
        differences = given["differences"]
        if not differences:
            return ["%s is as the last run left it" % host], {"msg": "no drift"}
        said = "1 difference" if len(differences) == 1 else "%d differences" % len(differences)
        rows = [[entry["role"], entry["what"]] for entry in differences]
        lines = ["%s: %s. The playbook site puts them right." % (host, said), *table(["PART", "DIFFERENCE"], rows)]
        return lines, {"failed": given["fail"], "msg": said}
