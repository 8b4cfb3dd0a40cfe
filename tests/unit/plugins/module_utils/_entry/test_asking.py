# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps that are asked in one process what they would do."""

from __future__ import annotations

import types
import typing as t

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._entry import asking
from ansible_collections.selfhost.pyapps.plugins.module_utils._entry.asking import Answer, ask, told
from ansible_collections.selfhost.pyapps.plugins.module_utils._entry.questions import ANSWER_OF, KEY, Question

NUMBER: dict[str, t.Any] = {"number": {"type": "int", "default": 0}, "given": {"type": "dict"}}
asked_of: list[dict[str, t.Any]] = []


def rests(module: t.Any) -> None:
    asked_of.append(module.params)
    module.exit_json(changed=False, app_results={"app_1": {"state": "ok"}}, number=module.params["number"])


def changes(module: t.Any) -> None:
    assert module.check_mode
    module.exit_json(changed=True)


def fails(module: t.Any) -> None:
    module.warn("told in vain")
    module.fail_json(msg="no network")


@pytest.fixture(autouse=True)
def steps(monkeypatch: pytest.MonkeyPatch) -> None:
    asked_of.clear()
    known = {
        "rests": (NUMBER, rests),
        "changes": (NUMBER, changes),
        "fails": (NUMBER, fails),
        "breaks": (NUMBER, breaks),
    }
    known["front_info"] = known["health_info"] = (NUMBER, rests)
    monkeypatch.setattr(asking, "STEPS", known)


def answers_to(*questions: Question) -> list[Answer]:
    module = types.SimpleNamespace(_diff=False, no_log_values=set(), run_command=None, backup_local=None)
    return ask(questions, module)


def test_a_step_gets_its_arguments_as_its_module_would() -> None:
    (answer,) = answers_to(Question("a", "rests", {"number": "7"}))
    assert not answer.changes
    assert asked_of == [{"number": 7, "given": None}]


def test_a_step_gets_what_an_earlier_one_has_answered() -> None:
    given = {"given": {"results": {ANSWER_OF: 0, KEY: "app_results"}, "list": [{ANSWER_OF: 0, KEY: "number"}]}}
    answers_to(Question("a", "rests", {"number": 3}), Question("a", "rests", given))
    assert asked_of[1]["given"] == {"results": {"app_1": {"state": "ok"}}, "list": [3]}


def breaks(module: t.Any) -> None:
    raise KeyError("streamlit")


@pytest.mark.parametrize("step", ["changes", "fails", "breaks"])
def test_a_role_that_has_something_to_do_or_cannot_say_is_asked_no_further(step: str) -> None:
    questions = [Question("a", step, {}), Question("a", "rests", {}), Question("b", "rests", {"number": 1})]
    answers = answers_to(*questions)
    assert [answer.changes for answer in answers] == [True, True, False]
    assert [params["number"] for params in asked_of] == [1]
    assert told(questions, answers, "a")["todo"] == {"a": True, "b": False}


def test_who_wants_to_know_everything_asks_on() -> None:
    questions = [Question("a", "changes", {}), Question("a", "fails", {}), Question("a", "rests", {})]
    module = types.SimpleNamespace(_diff=False, no_log_values=set(), run_command=None, backup_local=None)
    values = told(questions, ask(questions, module, thorough=True), "a")
    assert [entry["what"] for entry in values["differences"]] == [
        "changes would change something",
        "fails cannot say: no network",
    ]
    assert values["todo"] == {"a": True}


def test_who_needs_an_answer_that_was_not_given_is_not_asked() -> None:
    needs = {"given": {ANSWER_OF: 0, KEY: "app_results"}}
    module = types.SimpleNamespace(_diff=False, no_log_values=set(), run_command=None, backup_local=None)
    answers = ask([Question("a", "fails", {}), Question("a", "rests", needs)], module, thorough=True)
    assert answers[1] == Answer(True)
    assert asked_of == []


def test_arguments_that_a_module_would_refuse_are_something_to_do() -> None:
    (answer,) = answers_to(Question("a", "rests", {"number": "seven"}))
    assert answer.changes
    assert "seven" in answer.values["msg"]
    assert asked_of == []


def test_the_front_and_the_host_are_asked_only_when_everything_rests() -> None:
    at_rest = [Question("front", "front_info", {}, at_rest=True), Question("health", "health_info", {}, at_rest=True)]
    questions = [Question("a", "rests", {}), *at_rest]
    values = told(questions, answers_to(*questions), "a")
    assert values["todo"] == {"a": False}
    assert values["reached"] is True
    asked_of.clear()
    questions = [Question("a", "rests", {}), Question("b", "changes", {}), *at_rest]
    values = told(questions, answers_to(*questions), "a")
    assert len(asked_of) == 1
    assert values["todo"] == {"a": False, "b": True}
    assert values["app_results"] == {"app_1": {"state": "ok"}}
    assert values["reached"] is False


def test_what_the_host_is_like_is_told_only_when_it_could_be_looked_at() -> None:
    question = Question("health", "health_info", {}, at_rest=True)
    assert told([question], [Answer(True, {"failed": True, "msg": "no"})], "a")["todo"] == {}
    assert "health" not in told([question], [Answer(True, {"failed": True, "msg": "no"})], "a")
    found = {"state": "well", "problems": []}
    assert told([question], [Answer(False, found)], "a")["health"] == found


def test_warnings_come_with_the_answer_and_secrets_are_known_to_the_module() -> None:
    (answer,) = answers_to(Question("a", "fails", {}))
    assert answer.warnings == ("told in vain",)
    asking.STEPS["secret"] = ({"word": {"type": "str", "no_log": True}}, rests_without_number)
    module = types.SimpleNamespace(_diff=False, no_log_values=set(), run_command=None, backup_local=None)
    ask([Question("a", "secret", {"word": "hunter2"})], module)
    assert module.no_log_values == {"hunter2"}


def rests_without_number(module: t.Any) -> None:
    module.exit_json(changed=False)
