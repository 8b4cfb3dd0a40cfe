# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table at the end of a run."""

from __future__ import annotations

import pytest
from ansible_collections.selfhost.pyapps.plugins.action.app_table import (
    failure_lines,
    happened,
    invalid_results,
    summary,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import Result


@pytest.mark.parametrize(
    ("result", "text"),
    [
        (Result(note="live"), "live"),
        (Result(note="live", draining=1), "live; the old one drains"),
        (Result(note="unchanged", draining=2), "unchanged; 2 old ones drain"),
        (Result().failed("environment", "no"), "stopped at step environment"),
        (Result(note="live", draining=2, ends_sessions=1), "live; 2 old ones drain; going live ends 1 session"),
        (
            Result(note="unchanged", draining=2, next_ends_sessions=3),
            "unchanged; 2 old ones drain; the next deploy ends 3 sessions (max_draining)",
        ),
        (
            Result(note="live", unpinned=True),
            "live; served unpinned (this Streamlit cannot be pinned): who reconnects after a deploy begins anew",
        ),
    ],
)
def test_what_happened_tells_what_still_drains(result: Result, text: str) -> None:
    assert happened(result) == text


def test_an_app_without_a_result_has_failed() -> None:
    (_head, line) = summary([{"name": "app_1", "base_path": "/app-1"}], {}, "http://localhost", [])
    assert line.split()[:3] == ["app_1", "http://localhost/app-1/", "failed"]


def test_an_app_whose_files_are_faulty_has_failed_and_stays() -> None:
    """S0-02: the table shows it, and says what is wrong."""
    results = invalid_results({"nav": ["nav/setup.toml: titel: is not known"], "b": ["one", "two"]})
    (_head, line) = summary([{"name": "nav", "base_path": None}], results, "http://localhost", [])
    assert line.split(maxsplit=3) == ["nav", "-", "failed", "nothing of it was changed"]
    assert failure_lines(results) == [
        "",
        "b failed at step validate: its files have 2 errors",
        "    | one",
        "    | two",
        "",
        "nav failed at step validate: nav/setup.toml: titel: is not known",
    ]
