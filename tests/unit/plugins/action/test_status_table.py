# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import typing as t

import pytest
from ansible_collections.selfhost.pyapps.plugins.action.status_table import duration, summary

LIVE: dict[str, t.Any] = {
    "release": "0123456789abcdef",
    "port": 20001,
    "uptime": 75,
    "pss_mb": 61.4,
    "sessions": 3,
    "drain_until": None,
    "streamlit": "1.67.0",
    "healthy": True,
    "problem": None,
    "others": [],
}
CATALOG = {"url": "http://localhost", "apps": [{"name": "app_1", "base_path": "/app-1"}]}


def test_a_healthy_app_has_one_line() -> None:
    (_head, line) = summary({"app_1": LIVE}, CATALOG)
    assert line.split() == [
        *["app_1", "http://localhost/app-1/", "0123456789abcdef", "20001"],
        *["1", "min", "61", "MB", "3", "1.67.0", "healthy"],
    ]


def test_an_app_that_never_came_up_says_so() -> None:
    never = dict.fromkeys(LIVE, None) | {"healthy": False, "problem": "it was never live", "others": []}
    (_head, line) = summary({"app_2": never}, CATALOG)
    assert line.startswith("app_2")
    assert line.endswith("NOT HEALTHY: it was never live")


def test_a_further_instance_has_its_own_line() -> None:
    other = LIVE | {"port": 20002, "state": "RUNNING"}
    lines = summary({"app_1": LIVE | {"others": [other]}}, CATALOG)
    assert len(lines) == 3
    assert "20002" in lines[2]
    assert lines[2].endswith("RUNNING")


def test_an_old_instance_says_until_when_it_drains_and_for_how_many() -> None:
    other = LIVE | {"port": 20002, "state": "RUNNING", "sessions": 7, "drain_until": "2026-11-21T13:00:00Z"}
    line = summary({"app_1": LIVE | {"others": [other]}}, CATALOG)[2]
    assert line.endswith("drains until 2026-11-21T13:00:00Z")
    assert " 7 " in line


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (59, "59 s"), (60, "1 min"), (7300, "2 h"), (90000, "1 d"), (864000, "10 d")]
)
def test_times_are_said_in_their_largest_unit(seconds: int, text: str) -> None:
    assert duration(seconds) == text
