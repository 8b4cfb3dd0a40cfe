# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run would change, in words."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._entry.differences import differences
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import diff_entry


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        (None, "text", "/etc/x is missing"),
        ("text", None, "/etc/x should not be there"),
        ("text", "other", "/etc/x is not as it was left"),
    ],
)
def test_a_file_is_missing_or_too_many_or_different(before: str | None, after: str | None, line: str) -> None:
    assert differences("nginx_site", {"changed": True, "diff": [diff_entry("/etc/x", before, after)]}) == [line]


@pytest.mark.parametrize(
    ("values", "lines"),
    [
        ({"changed": False, "diff": [diff_entry("/etc/x", "same", "same")]}, []),
        ({"changed": True}, ["releases would change something"]),
        ({"changed": True, "diff": {"before": "", "after": "app_1: x"}}, ["releases would change something"]),
        ({"failed": True, "msg": "no network"}, ["releases cannot say: no network"]),
        (
            {"changed": True, "app_results": {"b": {"changed": True}, "a": {"changed": False}}},
            ["app b is not as it was left"],
        ),
        ({"changed": True, "tools": {"caddy": {"changed": True}}}, ["tool caddy is not as it was left"]),
        (
            {"changed": True, "diff": [{"prepared": "supervisor: start a\nsupervisor: remove b\n"}]},
            ["pending: supervisor: start a", "pending: supervisor: remove b"],
        ),
        ({}, []),
    ],
)
def test_what_a_step_says_comes_to_lines(values: dict[str, t.Any], lines: list[str]) -> None:
    assert differences("releases", values) == lines


def test_the_same_is_told_once() -> None:
    entry = diff_entry("/etc/x", "a", "b")
    assert differences("x", {"changed": True, "diff": [entry, entry]}) == ["/etc/x is not as it was left"]
