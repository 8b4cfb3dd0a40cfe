# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variable pyapps_secrets: what it may say, and that no message shows a value."""

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.secrets import AppSecrets
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.secrets_given import (
    read_given,
    tell_unknown_apps,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import Report
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.toml import parse_toml


def read(value: dict[t.Any, t.Any]) -> tuple[dict[str, AppSecrets], Report]:
    report = Report()
    return read_given(value, report.about("pyapps_secrets")), report


def test_both_forms_of_streamlits_secrets() -> None:
    """S1-29: as text it arrives as it is; a dictionary becomes a document that says the same."""
    text = '[auth]\npassword = "geheim"  # mine\n'
    table = {
        "db": {"ports": [1, 2], "a.b": {"c d": 'x"\n'}},
        "auth": {"password": "sha256:00"},
        "on": True,
        "empty": {},
    }
    found, report = read(
        {"one": {"toml": text}, "two": {"toml": table, "env": {"A": "0123"}}, "three": {}, "four": None}
    )
    assert report.problems == []
    assert found["one"] == AppSecrets({}, text)
    assert parse_toml(found["two"].toml) == table
    assert found["two"].env == {"A": "0123"}
    assert not found["three"]
    assert not found["four"]


@pytest.mark.parametrize(
    ("value", "key", "message"),
    [
        ({"app": "geheim"}, "app", "must be a dictionary"),
        ({"app": {"API_KEY": "geheim"}}, "app.API_KEY", "write variables below env"),
        ({"app": {"envs": {"A": "geheim"}}}, "app.envs", "did you mean env?"),
        ({"app": {"env": ["geheim"]}}, "app.env", "must be a dictionary of variables"),
        ({"app": {"env": {"A": 83}}}, "app.env.A", "put the value in quotes"),
        ({"app": {"env": {"A": True}}}, "app.env.A", "put the value in quotes"),
        ({"app": {"env": {"A": None}}}, "app.env.A", "put the value in quotes"),
        ({"app": {"env": {"A": "geheim\0"}}}, "app.env.A", "NUL"),
        ({"app": {"env": {"A-B": "geheim"}}}, "app.env.A-B", "is not a name"),
        ({"app": {"env": {"HOME": "geheim"}}}, "app.env.HOME", "belongs to the host"),
        ({"app": {"env": {"STREAMLIT_SERVER_PORT": "geheim"}}}, "app.env.STREAMLIT_SERVER_PORT", "past the host"),
        ({"app": {"toml": 'a = "geheim'}}, "app.toml", "is not valid TOML (at"),
        ({"app": {"toml": ["geheim"]}}, "app.toml", "must be the text"),
        ({"app": {"toml": {"a": {"b": None}}}}, "app.toml", "a.b: NoneType has no form in TOML"),
        ({"app": {"toml": {"a": datetime.date(2026, 1, 1)}}}, "app.toml", "a: date has no form in TOML"),
    ],
)
def test_what_is_refused(value: dict[str, t.Any], key: str, message: str) -> None:
    _found, report = read(value)
    (problem,) = report.problems
    assert problem.key == key
    assert message in problem.message
    assert "geheim" not in problem.as_line()


def test_an_app_that_does_not_exist_is_an_error_with_a_suggestion() -> None:
    report = Report()
    tell_unknown_apps(["app_1", "app-2", "x"], {"app_1", "app_2"}, report.about("pyapps_secrets"))
    assert [problem.as_line() for problem in report.problems] == [
        "pyapps_secrets: app-2: is no app: did you mean app_2? If not, remove it (allowed: app_1, app_2)",
        "pyapps_secrets: x: is no app: remove it (allowed: app_1, app_2)",
    ]


@pytest.mark.parametrize("value", [{"one": {"env": ["A"]}}, {"one": {"toml": 5}}, {"one": 5}])
def test_what_can_not_be_read_gives_an_app_no_secret(value: dict[str, t.Any]) -> None:
    found, report = read(value)
    assert len(report.problems) == 1
    assert found.get("one", AppSecrets()) == AppSecrets()
