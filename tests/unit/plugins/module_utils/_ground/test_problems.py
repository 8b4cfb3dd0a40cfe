# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import Problem, Report, show


def test_a_problem_names_file_key_value_and_what_is_allowed() -> None:
    problem = Problem("apps/a/setup.toml", "streamlit.port", "is out of range", "70000", "1024 to 65535")
    assert problem.as_line() == (
        "apps/a/setup.toml: streamlit.port: is out of range (found: 70000; allowed: 1024 to 65535)"
    )
    assert problem.as_dict()["key"] == "streamlit.port"


def test_a_problem_of_a_whole_file_has_no_key() -> None:
    assert Problem("setup.toml", "", "is empty").as_line() == "setup.toml: is empty"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (True, "true"),
        (8001, "8001"),
        pytest.param(16**5000, "a very large integer", id="very large"),
        (1.5, "1.5"),
        (float("nan"), "a float"),
        ("8001", '"8001"'),
        ("a\nb\x1b[31m", '"a\\nb\\u001b[31m"'),
        ("\u202e\u2028\u2029", '"\\u202e\\u2028\\u2029"'),
        pytest.param("x" * 500, '"' + "x" * 80 + '..."', id="long"),
        ([1], "an array"),
        ({}, "a table"),
        (datetime.date(2026, 1, 1), "a date"),
        (datetime.time(1), "a time"),
    ],
)
def test_values_are_shown_short_and_in_one_line(value: object, shown: str) -> None:
    assert show(value) == shown


def test_a_files_name_and_key_can_not_forge_a_line() -> None:
    report = Report()
    report.about("a\nb").error("key\rx", "is wrong")
    assert report.problems[0].as_line() == "a\\nb: key\\rx: is wrong"


def test_failed_counts_from_when_the_report_was_taken() -> None:
    report = Report()
    report.about("a").error("", "is wrong")
    later = report.about("b")
    assert not later.failed
    later.beside("c").error("", "is wrong")
    assert later.failed
