# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
import typing as t

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.assignment import names_of
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import Problem
from ansible_collections.selfhost.pyapps.plugins.plugin_utils._refusal import refused
from ansible_collections.selfhost.pyapps.plugins.plugin_utils._variables import (
    IGNORED,
    fault,
    options_of_roles,
    prefixes,
    unknown_variables,
)

# Handed on from another variable of ours, which is checked itself; or known only once the catalog is read.
_HANDED_ON = re.compile(r"\{[{%].*\b_{0,2}pyapps_", re.DOTALL)


class ActionModule(ActionBase):
    """Check the collection's variables on the controller, before anything else is done."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        super().run(tmp, task_vars)
        self.validate_argument_spec(argument_spec={})
        given, options = task_vars or {}, options_of_roles()
        ignored = names_of(self._value(given.get(IGNORED)))
        problems = unknown_variables(given, options, prefixes(), ignored)
        problems += [problem for name in sorted(options) for problem in self._faults(name, options[name], given)]
        if not problems:
            return {"changed": False}
        lines = [problem.as_line() for problem in problems]
        return refused(lines, "mistake in the variables", "mistakes in the variables")

    def _faults(self, name: str, option: dict[str, t.Any], given: dict[str, t.Any]) -> list[Problem]:
        raw = given.get(name)
        if name not in given or raw == option.get("default") or (isinstance(raw, str) and _HANDED_ON.search(raw)):
            return []
        try:
            found = fault(name, self._value(raw), option)
        except AnsibleError:
            return []  # the step that needs it says what is missing
        return [found] if found else []

    def _value(self, raw: t.Any) -> t.Any:
        return self._templar.template(raw)
