# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with variables is told in one line each."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.selfhost.pyapps.plugins.plugin_utils._variables import (
    fault,
    options_of_roles,
    prefixes,
    unknown_variables,
)

CHECKOUT = Path(__file__).resolve().parents[4]
OPTIONS = options_of_roles()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("pyapps_frontt", "did you mean pyapps_front? If"),
        ("nginx_portt", "did you mean nginx_port? If"),
        ("healthcheck_tymer", "did you mean healthcheck_timer? If"),
        ("caddy_xyzzy_of_another", "remove it. If"),
    ],
)
def test_a_name_that_no_role_knows_is_refused_with_the_nearest_one(name: str, said: str) -> None:
    (problem,) = unknown_variables([name, "pyapps_front", "_pyapps_work", "ansible_host", "app"], OPTIONS, prefixes())
    assert problem.as_line().startswith("%s: is not a variable of this collection: %s" % (name, said))


def test_names_of_another_role_can_be_allowed() -> None:
    assert unknown_variables(["nginx_user"], OPTIONS, prefixes(), ["nginx_*"]) == []


def test_the_collection_itself_sets_only_what_a_role_knows() -> None:
    texts = [path.read_text() for path in (CHECKOUT / "playbooks" / "vars").glob("*.yml")]
    names = {name for text in texts for name in yaml.safe_load(text)}
    assert len(names) > 50
    assert unknown_variables(names, OPTIONS, prefixes()) == []


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("pyapps_port", "eighty", 'pyapps_port: must be an integer (found: "eighty")'),
        ("pyapps_front", "ngnix", 'pyapps_front: did you mean nginx? (found: "ngnix"; allowed: nginx, caddy)'),
        ("pyapps_gallery", "perhaps", 'pyapps_gallery: must be true or false (found: "perhaps")'),
        ("pyapps_secrets", "geheim", "pyapps_secrets: must be a dictionary"),
        (
            "healthcheck_endpoints",
            [3],
            "healthcheck_endpoints: must be a list in which each is a dictionary (found: [3])",
        ),
    ],
)
def test_a_wrong_value_is_one_line(name: str, value: t.Any, line: str) -> None:
    problem = fault(name, value, OPTIONS[name])
    assert problem is not None
    assert problem.as_line() == line


@pytest.mark.parametrize(
    ("name", "value"),
    [("pyapps_port", "8080"), ("pyapps_app", "app_1,app_2"), ("pyapps_gallery", "no"), ("pyapps_secrets", "{}")],
)
def test_what_a_survey_gives_as_text_is_taken(name: str, value: t.Any) -> None:
    assert fault(name, value, OPTIONS[name]) is None


def test_the_roles_own_defaults_are_taken() -> None:
    for name, option in OPTIONS.items():
        if "{{" not in str(option.get("default")):
            assert fault(name, option.get("default"), option) is None or option.get("required"), name
