# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.tools import checksum
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.zipapp import build
from ansible_collections.selfhost.pyapps.plugins.plugin_utils._refusal import refused


class ActionModule(ActionBase):
    """Say which tools of ours a host should have; the module sees whether it has them."""

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        super().run(tmp, task_vars)
        arguments = {**self._task.args, "tools": checksum(build())}
        answer = self._execute_module("selfhost.pyapps.host_plan", module_args=arguments, task_vars=task_vars)
        if not answer.get("failed") or not answer.get("problems"):
            return dict(answer)
        return refused(answer["problems"], "thing stands in the way", "things stand in the way")
