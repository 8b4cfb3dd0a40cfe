# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shape in which steps hand on what has become of an app."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import (
    Result,
    ResultError,
    as_dicts,
    results_of,
)


def test_what_a_module_returns_is_what_the_next_one_takes() -> None:
    results = {
        "app_1": Result(changed=True, environment="ab", port=20000, start_seconds=1.5),
        "app_2": Result(release="0" * 16).failed("environment", "no such package", ["one", "two"], "kept"),
    }
    told = json.loads(json.dumps(as_dicts(results)))
    assert results_of(told) == results
    assert told["app_2"]["log"] == ["one", "two"]
    assert told["app_1"]["release"] is None


def test_keys_that_are_left_out_have_said_nothing() -> None:
    assert Result.of({"state": "ok"}) == Result()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"log": "one\ntwo"}, "results.app_1.log: found 'one\\ntwo'; it must be a list of lines"),
        ({"log": ["one", 2]}, "must be a list of lines"),
        ({"state": "maybe"}, "results.app_1.state: found 'maybe'; it must be ok or failed"),
        ({"changed": "yes"}, "must be true or false"),
        ({"reason": None}, "must be a text"),
        ({"port": True}, "must be a whole number or null"),
        ({"start_seconds": "1"}, "must be a number or null"),
        ({"reson": "typo"}, "results.app_1: reson: no step says that of an app"),
        ("ok", "results.app_1: found 'ok', which is not a dictionary"),
    ],
)
def test_another_shape_is_refused_with_app_key_and_what_is_allowed(given: t.Any, says: str) -> None:
    """S0-24: a text where lines are meant once printed a log one character per line."""
    with pytest.raises(ResultError) as error:
        results_of({"app_1": given})
    assert says in str(error.value)


def test_a_text_is_no_log() -> None:
    with pytest.raises(TypeError, match="lines are meant"):
        Result().failed("environment", "no such package", "one")


def test_a_failure_keeps_what_is_known_and_its_note() -> None:
    before = Result(changed=True, environment="ab", note="live")
    after = before.failed("script", "it raised")
    assert (after.goes_on, after.changed, after.environment, after.note) == (False, True, "ab", "live")
    assert before.goes_on
