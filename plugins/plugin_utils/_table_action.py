# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An action that only shows what other tasks have found."""

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import printable, printable_lines


class TableAction(ActionBase):
    """Checks its arguments, shows lines for people, and asks nothing of the host.

    ``arguments`` is the argument spec; :meth:`tell` makes the lines and the task's result.
    """

    _requires_connection = False
    _supports_check_mode = True

    arguments: t.ClassVar[dict[str, dict[str, t.Any]]]

    def tell(self, given: dict[str, t.Any], host: str) -> tuple[list[str], dict[str, t.Any]]:
        """What is shown, and what the task returns.

        :param given: the checked arguments
        :param host: the name of the host in the inventory
        """
        raise NotImplementedError

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        super().run(tmp, task_vars)
        _validation, given = self.validate_argument_spec(argument_spec=self.arguments)
        lines, result = self.tell(given, (task_vars or {}).get("inventory_hostname", ""))
        shown = [part for line in lines for part in printable_lines(line)]
        Display().display("\n".join(["", *shown, ""]))
        return {"changed": False, **result, "msg": printable(result["msg"])}
