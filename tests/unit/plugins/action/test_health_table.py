# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import typing as t

from ansible_collections.selfhost.pyapps.plugins.action.health_table import advice, summary

CHECKS: list[dict[str, t.Any]] = [
    {
        "kind": "app",
        "name": "app_1",
        "healthy": True,
        "problems": [],
        "state": "RUNNING",
        "detail": "pid 8",
        "url": "u",
    },
    {
        "kind": "app",
        "name": "app_2",
        "healthy": False,
        "problems": ["STOPPED (x)", "nothing listens"],
        "state": "STOPPED",
        "detail": "x",
        "url": None,
    },
]


def test_every_problem_has_a_line_in_the_table() -> None:
    """S0-86."""
    assert summary(CHECKS) == [
        "CHECK  NAME   STATE        WHAT WAS FOUND",
        "app    app_1  healthy      RUNNING pid 8 u",
        "app    app_2  NOT HEALTHY  STOPPED (x)",
        "                           nothing listens",
    ]


def test_a_brief_table_shows_what_is_wrong_only() -> None:
    assert [line.split()[1] for line in summary(CHECKS, brief=True)][:2] == ["NAME", "app_2"]
    assert summary(CHECKS[:1], brief=True) == []


def test_each_kind_that_is_not_well_has_a_way_out() -> None:
    """The doctor promises it: to each problem what to do."""
    kinds = ["app", "endpoint", "front", "program", "supervisor", "host"]
    broken = [{**CHECKS[1], "kind": kind, "name": "its-name"} for kind in kinds]
    lines = advice([*broken, CHECKS[0]])
    assert [line.split(":")[0] for line in lines] == sorted(kinds)
    assert all("its-name" in line for line in lines)
    assert advice([*broken[:1], {**broken[0], "name": "other"}])[0].startswith(
        "app: playbooks/logs.yml with -e app=its-name,other "
    )
    assert advice(CHECKS[:1]) == []
