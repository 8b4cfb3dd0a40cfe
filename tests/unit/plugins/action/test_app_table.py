# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table at the end of a run."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.selfhost.pyapps.plugins.action.app_table import happened, summary


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ({"note": "live"}, "live"),
        ({"note": "live", "draining": 0}, "live"),
        ({"note": "live", "draining": 1}, "live; the old one drains"),
        ({"note": "unchanged", "draining": 2}, "unchanged; 2 old ones drain"),
    ],
)
def test_what_happened_tells_what_still_drains(result: dict[str, t.Any], text: str) -> None:
    assert happened(result) == text


def test_an_app_without_a_result_has_failed() -> None:
    (_head, line) = summary([{"name": "app_1", "base_path": "/app-1"}], {}, "http://localhost", [])
    assert line.split()[:3] == ["app_1", "http://localhost/app-1/", "failed"]
