# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the steps of a run what they would do, all of them in one process. Changes nothing.

Each step is the body of a module, run as in check mode. Ansible needs half a second and more for each module that it
runs, so a run asks first, and leaves out the roles that have nothing to do.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy import module_instances
from ansible_collections.selfhost.pyapps.plugins.module_utils._entry import module_supervisor_daemon
from ansible_collections.selfhost.pyapps.plugins.module_utils._entry.differences import differences
from ansible_collections.selfhost.pyapps.plugins.module_utils._entry.questions import ANSWER_OF, KEY, Question
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments import module_environments
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.caddy import module_caddy_site
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.nginx import module_nginx_site
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import diff_entry, parts
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._health import (
    module_front_info,
    module_health_info,
    module_healthcheck_schedule,
    module_healthcheck_settings,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._host import services as _services
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.generator import HostOptions
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit import module_streamlit_assets
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor import module_supervisor_programs
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import as_dicts, results_of
from ansible_collections.selfhost.pyapps.plugins.module_utils._releases import identity as _identity, module_releases
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.data_changes import is_recorded

Values = dict[str, t.Any]


class _Answered(Exception):  # noqa: N818 - it is no error
    """A step has ended with this answer."""

    def __init__(self, values: Values) -> None:
        super().__init__()
        self.values = values


class Asked:
    """What a step sees instead of its module: always in check mode; its answer is an exception.

    :param module: the module that asks, whose commands it uses
    """

    check_mode = True

    def __init__(self, module: t.Any, params: Values, no_log_values: t.Iterable[str] = ()) -> None:
        self.params, self._diff = params, bool(module._diff)
        self.run_command, self.backup_local = module.run_command, module.backup_local
        self.no_log_values = module.no_log_values
        self.no_log_values.update(no_log_values)
        self.warnings: list[str] = []

    def warn(self, warning: str) -> None:
        self.warnings.append(warning)

    def exit_json(self, **values: t.Any) -> None:
        raise _Answered(values)

    def fail_json(self, msg: str, **values: t.Any) -> None:
        raise _Answered({**values, "failed": True, "msg": msg})


def _act_service(module: t.Any) -> None:
    name = module.params["name"]
    runs = _services.runs(name, module.params["service_manager"], module.run_command)
    diff = diff_entry("service %s" % name, "stopped, or not started with the host", "runs")
    module.exit_json(changed=not runs, diff=[] if runs else [diff])


def _act_programs(module: t.Any) -> None:
    missing = _services.missing(module.params["paths"])
    module.exit_json(changed=bool(missing), diff=[diff_entry(path, None, "a program") for path in missing])


def _act_releases(module: t.Any) -> None:
    """The files of the apps come with the question; a release's name is known only here, where environments are."""
    params = module.params
    host = HostOptions(params["public_url"], params["production"])
    layout, results = Layout(params["root"]), results_of(params["results"])
    if not all(is_recorded(layout.app(name), seeds) for name, seeds in params["seeds"].items()):
        module.exit_json(changed=True)  # a change of a data folder's seed is told by the run, once
    _end_with_parts(module, [layout.app(app["name"]).releases for app in params["apps"]])
    for app in _identity.survivors(params["apps"], results):
        results[app["name"]] = _identity.named(params["entries"][app["name"]], app, results[app["name"]], host)
    params["results"] = as_dicts(results)
    module_releases.act(module)


def _act_instances(module: t.Any) -> None:
    layout = Layout(module.params["root"])
    apps = [layout.app(app["name"]) for app in module.params["apps"]]
    _end_with_parts(module, [folder for app in apps for folder in (app.path, app.instances, app.serving)])
    _end_with_parts(module, [layout.programs, layout.log])
    module_instances.act(module)


def _end_with_parts(module: t.Any, folders: t.Iterable[str]) -> None:
    """What a killed run has left unfinished is deleted by the next one, so it is something to do."""
    found = [path for folder in folders for path in parts(folder)]
    if found:
        module.exit_json(changed=True, diff=[diff_entry(path, "unfinished", None) for path in found])


_SERVICE: dict[str, t.Any] = {
    "name": {"type": "str", "required": True},
    "service_manager": {"type": "str", "choices": ["systemd", "sysv"], "required": True},
}
_PROGRAMS: dict[str, t.Any] = {"paths": {"type": "list", "elements": "path", "required": True}}
_RELEASES: dict[str, t.Any] = {**module_releases.ARGUMENTS, "entries": {"type": "dict", "required": True}}

STEPS: dict[str, tuple[dict[str, t.Any], t.Callable[[t.Any], None]]] = {
    "supervisor_daemon": (module_supervisor_daemon.ARGUMENTS, module_supervisor_daemon.act),
    "supervisor_programs": (module_supervisor_programs.ARGUMENTS, module_supervisor_programs.act),
    "environments": (module_environments.ARGUMENTS, module_environments.act),
    "streamlit_assets": (module_streamlit_assets.ARGUMENTS, module_streamlit_assets.act),
    "releases": (_RELEASES, _act_releases),
    "instances": (module_instances.ARGUMENTS, _act_instances),
    "nginx_site": (module_nginx_site.ARGUMENTS, module_nginx_site.act),
    "caddy_site": (module_caddy_site.ARGUMENTS, module_caddy_site.act),
    "healthcheck_settings": (module_healthcheck_settings.ARGUMENTS, module_healthcheck_settings.act),
    "healthcheck_schedule": (module_healthcheck_schedule.ARGUMENTS, module_healthcheck_schedule.act),
    "front_info": (module_front_info.ARGUMENTS, module_front_info.act),
    "health_info": (module_health_info.ARGUMENTS, module_health_info.act),
    "service": (_SERVICE, _act_service),
    "programs": (_PROGRAMS, _act_programs),
}
"""By the module's name what it takes and does."""


@dataclass(frozen=True)
class Answer:
    """What a step would do.

    :param changes: whether it would change something; also when it could not say
    :param values: what its module returned; empty when it was not asked
    """

    changes: bool
    values: Values = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def ask(questions: t.Sequence[Question], module: t.Any, thorough: bool = False) -> list[Answer]:
    """Ask one step after another.

    A role of which one step has something to do is run, so its further steps are not asked.

    :param thorough: ask them all the same, for who wants to know everything
    :returns: an answer to each question
    """
    answers: list[Answer] = []
    busy: set[str] = set()
    for question in questions:
        if (question.role in busy and not thorough) or (question.at_rest and busy):
            answers.append(Answer(True))
            continue
        answers.append(_asked(question, answers, module))
        if answers[-1].changes:
            busy.add(question.role)
    return answers


def _asked(question: Question, before: t.Sequence[Answer], module: t.Any) -> Answer:
    specification, act = STEPS[question.step]
    try:
        arguments = _filled_in(question.arguments, before)
    except KeyError:
        return Answer(True)  # an earlier step, whose answer it needs, could not give it
    checked = ArgumentSpecValidator(specification).validate(arguments)
    if checked.error_messages:
        return Answer(True, {"failed": True, "msg": "; ".join(checked.error_messages)})
    asked = Asked(module, checked.validated_parameters, checked._no_log_values)
    values: Values = {"failed": True, "msg": "the step %s has not answered" % question.step}
    try:
        act(asked)
    except _Answered as answered:
        values = answered.values
    except Exception as error:
        # A fault of a step is told by its module, which the run comes to; here it only means that nobody can say.
        values = {"failed": True, "msg": "%s: %s" % (type(error).__name__, error)}
    return Answer(bool(values.get("changed") or values.get("failed")), values, tuple(asked.warnings))


def _filled_in(value: t.Any, answers: t.Sequence[Answer]) -> t.Any:
    """The value, with what earlier steps have answered in the places that stand for it.

    :raises KeyError: one of them has not answered that
    """
    if isinstance(value, dict):
        if set(value) == {ANSWER_OF, KEY}:
            return answers[int(value[ANSWER_OF])].values[value[KEY]]
        return {key: _filled_in(item, answers) for key, item in value.items()}
    return [_filled_in(item, answers) for item in value] if isinstance(value, list) else value


def told(questions: t.Sequence[Question], answers: t.Sequence[Answer], apps_role: str) -> Values:
    """What the answers come to.

    :param apps_role: the role that brings the apps live
    :returns: ``todo`` by role; ``differences``, each with its ``role`` and in words ``what`` it is; ``app_results``
        when that role has nothing to do; ``health`` when it was asked
    """
    asked = list(zip(questions, answers))
    todo: dict[str, bool] = {}
    for question, answer in asked:
        if not question.at_rest:
            todo[question.role] = todo.get(question.role, False) or answer.changes
    different = [
        {"role": question.role, "what": line}
        for question, answer in asked
        for line in differences(question.step, answer.values)
    ]
    values: Values = {"todo": todo, "differences": different}
    results = [
        answer.values["app_results"]
        for question, answer in asked
        if (question.role == apps_role or question.at_rest) and "app_results" in answer.values
    ]
    if results and not todo.get(apps_role, True):
        values["app_results"] = results[-1]
        values["reached"] = any(question.step == "front_info" and answer.values for question, answer in asked)
    health = [
        answer.values for question, answer in asked if question.step == "health_info" and "state" in answer.values
    ]
    if health:
        values["health"] = health[0]
    return values
