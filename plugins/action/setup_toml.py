# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.module_setup_toml import (
    GIVEN,
    answer as catalog_answer,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.secrets_given import VARIABLE, read_given
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import Report
from ansible_collections.selfhost.pyapps.plugins.plugin_utils._refusal import refused

_MODULE = "selfhost.pyapps.setup_toml"

Answer = dict[str, t.Any]


class ActionModule(ActionBase):
    """Check the secrets here, and hand only names on: values go into no module's parameters, and to no disk."""

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> Answer:
        super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(argument_spec=GIVEN)
        given, report = arguments.pop("secrets"), Report()
        if given is not None:
            secrets = read_given(given, report.about(VARIABLE))
            arguments["secret_names"] = {
                app: [name for name, value in own.env.items() if value] for app, own in secrets.items()
            }
        if self._is_here():
            found = catalog_answer(arguments)
            answer = {"changed": False, **found, **({"failed": True} if "msg" in found else {})}
        else:
            answer = dict(self._execute_module(module_name=_MODULE, module_args=arguments, task_vars=task_vars))
        answer = with_problems(answer, report)
        if not answer.get("errors"):
            return answer
        return refused(answer["msg"].splitlines(), "mistake in what apps bring", "mistakes in what apps bring")

    def _is_here(self) -> bool:
        """Whether the folder is read on this machine by who runs Ansible: then it needs no module."""
        return self._connection.transport == "local" and not self._connection.become


def with_problems(answer: Answer, report: Report) -> Answer:
    """The module's answer, enlarged by what is wrong with the secrets."""
    if not report.problems:
        return answer
    lines = [answer["msg"]] if answer.get("failed") else []
    answer["msg"] = "\n".join([*lines, *(problem.as_line() for problem in report.problems)])
    answer["errors"] = [*answer.get("errors", []), *(problem.as_dict() for problem in report.problems)]
    answer["failed"] = True
    return answer
