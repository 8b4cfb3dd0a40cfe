# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import Report
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.schema import Key, allowed_in_words, read_table

FILE = Key(
    "file",
    "table",
    "A file.",
    keys=(
        Key("count", "integer", "", default=3, minimum=1, maximum=9, excluded=(5, 6)),
        Key("on", "boolean", "", default=True),
        Key("label", "string", "", longest=5),
        Key("code", "string", "", pattern="[a-z]+", allowed="small letters"),
        Key("tags", "strings", "", default=[], pattern="[a-z]+"),
        Key("free", "map", ""),
        Key("inner", "table", "", keys=(Key("needed", "string", "", required=True, example="this", longest=9),)),
    ),
)


def read(document: dict[str, Any]) -> tuple[dict[str, Any], Report]:
    report = Report()
    return read_table(FILE, document, report.about("file")), report


def test_what_is_not_given_has_its_default() -> None:
    settings, report = read({"inner": {"needed": "x"}})
    assert settings == {
        "count": 3,
        "on": True,
        "label": None,
        "code": None,
        "tags": [],
        "free": {},
        "inner": {"needed": "x"},
    }
    assert report.problems == []


@pytest.mark.parametrize(
    ("key", "value", "message", "found"),
    [
        ("count", 0, "is out of range", "0"),
        ("count", 10, "is out of range", "10"),
        ("count", 5, "is in a range that is not allowed", "5"),
        ("count", "3", "must be an integer, without quotes", '"3"'),
        ("count", True, "must be an integer", "true"),
        ("count", 1.0, "must be an integer", "1.0"),
        ("on", "true", "must be true or false, without quotes", '"true"'),
        ("on", 1, "must be true or false", "1"),
        ("label", 1, "must be a string, in quotes", "1"),
        ("label", "abcdef", "is longer than 5 characters", '"abcdef"'),
        ("label", " ", "is empty", '" "'),
        ("label", "a\u2028b", "holds a control character", '"a\\u2028b"'),
        ("code", "a1", "has the wrong form", '"a1"'),
        ("code", "a\n", "holds a control character", '"a\\n"'),
        ("tags", "a", "must be an array of strings", '"a"'),
        ("tags", ["a", 2], "must be an array of strings", "2"),
        ("tags", ["a", "B"], "has the wrong form", '"B"'),
        ("free", 1, "must be a table: write [free]", "an integer"),
        ("inner", [], "must be a table: write [inner]", "an array"),
    ],
)
def test_a_wrong_value_is_told_with_what_is_allowed(key: str, value: object, message: str, found: str) -> None:
    settings, report = read({"inner": {"needed": "x"}, key: value})
    problem = report.problems[0]
    assert (problem.key, problem.message, problem.found) == (key, message, found)
    assert problem.allowed
    assert settings[key] in (None, {}, {"needed": None})


def test_a_missing_key_is_told_with_a_line_to_write() -> None:
    _settings, report = read({})
    assert [(problem.key, problem.message) for problem in report.problems] == [
        ("inner.needed", 'is missing: write [inner] with needed = "this"')
    ]


def test_unknown_keys_are_told_without_their_value_and_with_the_nearest() -> None:
    _settings, report = read({"inner": {"needed": "x", "neded": "secret"}, "lable": "secret", "zz": 1})
    assert [(p.key, p.message, p.found) for p in report.problems] == [
        ("lable", "is not a key of this file: did you mean label?", "a string"),
        ("zz", "is not a key of this file: remove it", "an integer"),
        ("inner.neded", "is not a key of this file: did you mean inner.needed?", "a string"),
    ]


def test_very_many_unknown_keys_are_summed_up() -> None:
    _settings, report = read({"inner": {"needed": "x"}, **{"key%05d" % number: 1 for number in range(9000)}})
    assert len(report.problems) == 21
    assert "8980 more" in report.problems[-1].message


def test_what_is_allowed_is_said_in_words() -> None:
    words = {key.name: allowed_in_words(key) for key in FILE.keys}
    assert words["count"] == "an integer from 1 to 9 but not from 5 to 6"
    assert words["on"] == "true or false"
    assert words["label"] == "text of 1 to 5 characters, in one line"
    assert words["code"] == "small letters"
