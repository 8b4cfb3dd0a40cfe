# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import printable


class ActionModule(ActionBase):
    """Run the module, and print what it has found."""

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        super().run(tmp, task_vars)
        result = dict(self._execute_module(task_vars=task_vars))
        if not result.get("failed"):
            host = (task_vars or {}).get("inventory_hostname", "")
            Display().display("\n".join(["", "logs on %s" % host, *printed(result["logs"]), ""]))
        return result


def printed(logs: list[dict[str, t.Any]]) -> list[str]:
    """The logs for people: the file's name above its lines."""
    lines = []
    for log in logs:
        lines += ["", "%s, %s (%s)" % (log["app"], log["stream"], log["path"])]
        lines += ["    | " + printable(line) for line in log["lines"]] or ["    (nothing)"]
        lines += ["", "%s: %s" % (log["app"], printable(log["advice"]))] if log.get("advice") else []
    return lines or ["no logs yet"]
