# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import typing as t

from ansible.errors import AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible_collections.selfhost.pyapps.plugins.action.releases import given_secrets, with_secrets
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.secrets import encode
from ansible_collections.selfhost.pyapps.plugins.module_utils._entry.questions import (
    ANSWER_OF,
    GIVEN,
    KEY,
    Question,
    as_word,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import Result
from ansible_collections.selfhost.pyapps.plugins.module_utils._releases.module_releases import ARGUMENTS
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.release_files import AppFilesError, list_app_files
from ansible_collections.selfhost.pyapps.plugins.plugin_utils._progress import counting
from ansible_collections.selfhost.pyapps.plugins.plugin_utils._role_tasks import RoleTasks

_ANSWERS = {
    "supervisor_daemon": ("watcher",),
    "supervisor_programs": (),
    "environments": ("app_results",),
    "streamlit_assets": ("app_results",),
    "releases": ("app_results",),
    "instances": ("app_results",),
    "nginx_site": ("command",),
    "caddy_site": ("command",),
    "healthcheck_settings": (),
    "healthcheck_schedule": (),
}
"""The modules that are asked, with those of their answers that later tasks of their roles use."""

Values = dict[str, t.Any]


class UnreadableError(Exception):
    """What an app brings cannot be read; the run says so when it comes to it."""


class ActionModule(ActionBase):
    """Read the tasks of the roles here, and have the target ask all of them in one module."""

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> Values:
        super().run(tmp, task_vars)
        _validation, given = self.validate_argument_spec(argument_spec=GIVEN)
        questions: list[Question] = []
        for role in given["roles"]:
            questions += self._questions(role, given, len(questions), task_vars or {})
        results = _last_results(questions, given["apps_role"])
        if given["front"] and results is not None and not self._task.check_mode:
            front = {**given["front"], "results": _answer(results, "app_results")}
            questions.append(Question("front", "front_info", front, at_rest=True))
            if given["health"]:
                questions.append(Question("health", "health_info", given["health"], at_rest=True))
        arguments = {**given, "questions": as_word(questions)}
        with counting("every step is asked whether it has something to do"):
            answer = dict(self._execute_module("selfhost.pyapps.run_plan", module_args=arguments, task_vars=task_vars))
        unasked = set(given["roles"]) - {question.role for question in questions}
        answer["todo"] = {**answer.get("todo", {}), **dict.fromkeys(unasked, True)}
        answer["differences"] = answer.get("differences", []) + [
            {"role": role, "what": "role %s cannot say before it runs" % role} for role in sorted(unasked)
        ]
        return answer

    def _questions(self, role: str, given: Values, first: int, variables: Values) -> list[Question]:
        """The questions to a role; none to one whose tasks cannot be told before, which then has something to do."""
        found: list[Question] = []

        def answered(module: str) -> Values:
            return {key: _answer(first + len(found) - 1, key) for key in _ANSWERS[module]}

        if given["programs"].get(role):
            found.append(Question(role, "programs", {"paths": given["programs"][role]}))
        if given["services"].get(role):
            found.append(Question(role, "service", given["services"][role]))
        try:
            for call in RoleTasks(role, self._templar, variables, _ANSWERS).calls(answered):
                arguments = _with_files(call.arguments) if call.module == "releases" else call.arguments
                found.append(Question(role, call.module, arguments))
        except (AnsibleError, UnreadableError):
            return []
        return found


def _answer(place: int, key: str) -> Values:
    return {ANSWER_OF: place, KEY: key}


def _last_results(questions: t.Sequence[Question], role: str) -> int | None:
    """The place of the last step that says what has become of the apps."""
    places = [place for place, question in enumerate(questions) if question.role == role]
    return places[-1] if places else None


def _with_files(arguments: Values) -> Values:
    """The arguments of the step ``releases``, with what is read on the controller for it.

    :raises UnreadableError: an app's files or secrets cannot be read
    """
    checked = ArgumentSpecValidator(ARGUMENTS).validate(arguments)  # a dictionary may come as text, as AWX has it
    if checked.error_messages:
        raise UnreadableError("; ".join(checked.error_messages))
    arguments = dict(checked.validated_parameters)
    apps = arguments["apps"]
    results = {app["name"]: Result() for app in apps}
    given = given_secrets(arguments.pop("secrets"))
    try:
        files = {app["name"]: list_app_files(app["folder"], app["data"]["paths"]) for app in apps}
        entries = {name: files[name].entries() for name in files}
        seeds = {app["name"]: files[app["name"]].seeds(app["data"]["paths"]) for app in apps}
    except AppFilesError as error:
        raise UnreadableError(str(error)) from None
    secrets = {}
    if not arguments.pop("without_secrets"):
        secrets, judged = with_secrets(apps, results, given)
        if not all(result.goes_on for result in judged.values()):
            raise UnreadableError("secrets")
    return {**arguments, "entries": entries, "seeds": seeds, "secret_word": encode(secrets)}
