# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The surveys that AWX shows are current, and what AWX accepts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from tools import awx_surveys

# What AWX's API checks when a survey is saved (awx/api/views, JobTemplateSurveySpec) and how a launch reads it
# (awx/main/models/mixins.py, SurveyJobTemplateMixin).
ACCEPTED = {
    "type": "object",
    "required": ["name", "description", "spec"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string"},
        "description": {"type": "string"},
        "spec": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["question_name", "question_description", "variable", "required", "type"],
                "additionalProperties": False,
                "properties": {
                    "question_name": {"type": "string", "minLength": 1},
                    "question_description": {"type": "string", "minLength": 1},
                    "variable": {"type": "string", "pattern": "^[a-z][a-z0-9_]*$"},
                    "required": {"type": "boolean"},
                    "type": {"enum": ["text", "textarea", "password", "integer", "float", "multiplechoice"]},
                    "choices": {"type": "array", "minItems": 2, "items": {"type": "string"}, "uniqueItems": True},
                },
                "if": {"properties": {"type": {"const": "multiplechoice"}}},
                "then": {"required": ["choices"]},
                "else": {"not": {"required": ["choices"]}},
            },
        },
    },
}
# The options of awx.awx 24.6.1 that our playbook uses: the collection itself is no tool of these tests (54 MB).
AWX_OPTIONS = {
    "execution_environment": {"name", "image", "organization"},
    "project": {
        *("name", "organization", "scm_type", "scm_url", "scm_branch"),
        *("scm_update_on_launch", "update_project", "wait"),
    },
    "inventory": {"name", "organization"},
    "inventory_source": {
        *("name", "inventory", "organization", "source", "source_project", "source_path"),
        *("overwrite", "overwrite_vars", "update_on_launch"),
    },
    "job_template": {
        *("name", "description", "organization", "project", "inventory", "playbook", "credentials"),
        *("execution_environment", "extra_vars", "ask_job_type_on_launch", "ask_limit_on_launch"),
        *("ask_diff_mode_on_launch", "survey_enabled", "survey_spec"),
    },
}

playbooks = pytest.mark.parametrize("playbook", awx_surveys.playbooks(), ids=lambda playbook: playbook.stem)


def questions(playbook: Path) -> dict[str, dict[str, Any]]:
    return {question["variable"]: question for question in awx_surveys.survey(playbook)["spec"]}


@playbooks
def test_the_committed_survey_is_current(playbook: Path) -> None:
    committed = awx_surveys.SURVEYS / (playbook.stem + ".json")
    assert committed.read_text(encoding="utf-8") == awx_surveys.as_text(playbook), "run `make awx-surveys`"


def test_there_is_no_survey_without_a_playbook() -> None:
    surveys = {path.stem for path in awx_surveys.SURVEYS.iterdir()}
    assert surveys == {path.stem for path in awx_surveys.playbooks()}


@playbooks
def test_awx_accepts_the_survey(playbook: Path) -> None:
    """No question has a default: AWX would hand it on as an extra variable, which wins over the inventory."""
    jsonschema.validate(awx_surveys.survey(playbook), ACCEPTED)
    names = [question["variable"] for question in awx_surveys.survey(playbook)["spec"]]
    assert len(names) == len(set(names))


def test_types_come_from_the_specs() -> None:
    site = questions(awx_surveys.PLAYBOOKS / "site.yml")
    assert site["pyapps_front"]["choices"] == ["nginx", "caddy"]
    assert site["pyapps_front"]["question_description"].endswith("Default: nginx.")
    assert site["pyapps_gallery"]["choices"] == ["true", "false"]
    assert site["pyapps_port"]["type"] == "integer"
    assert site["pyapps_secrets"]["type"] == "password"
    assert site["pyapps_apps"]["type"] == "text"
    assert {"pyapps_hosts", "pyapps_serial"} <= set(site)


def test_what_a_playbook_hands_over_itself_is_not_asked() -> None:
    site = questions(awx_surveys.PLAYBOOKS / "site.yml")
    assert {"pyapps_results", "nginx_apps", "nginx_port", "healthcheck_fail"}.isdisjoint(site)
    remove = questions(awx_surveys.PLAYBOOKS / "remove.yml")
    assert [name for name, question in remove.items() if question["required"]] == ["pyapps_remove"]


def test_the_job_templates_use_options_that_awx_has(checkout: Path) -> None:
    (play,) = yaml.safe_load((checkout / "awx" / "job_templates.yml").read_text(encoding="utf-8"))
    for task in play["tasks"]:
        (module,) = [key for key in task if key.startswith("awx.awx.")]
        assert set(task[module]) <= AWX_OPTIONS[module.removeprefix("awx.awx.")], module
