# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deadlines under a clock that jumps, after a reboot, and without ``/proc``."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import deadline as _deadline

PAST, FUTURE = "2001-01-01T00:00:00Z", "2999-01-01T00:00:00Z"


def test_a_deadline_passes() -> None:
    assert not _deadline.has_passed(*_deadline.begin(3600))
    assert _deadline.has_passed(*_deadline.begin(0))


def test_what_the_clock_says_does_not_count_during_a_boot() -> None:
    """A clock that jumps forward makes every moment one of the past; one that jumps back, of the future."""
    assert not _deadline.has_passed(PAST, _deadline.begin(3600)[1])
    assert _deadline.has_passed(FUTURE, _deadline.begin(0)[1])


@pytest.mark.parametrize("uptime", ["00000000-0000-0000-0000-000000000000 5", "damaged", "", None])
def test_after_a_reboot_the_moment_counts(uptime: str | None) -> None:
    assert _deadline.has_passed(PAST, uptime)
    assert not _deadline.has_passed(FUTURE, uptime)


def test_how_much_is_left_is_told_in_seconds() -> None:
    assert _deadline.seconds_left(*_deadline.begin(3600)) == pytest.approx(3600, abs=2)
    assert _deadline.seconds_left(_deadline.begin(3600)[0], None) == pytest.approx(3600, abs=2)
    assert _deadline.seconds_left(*_deadline.begin(-60)) == pytest.approx(-60, abs=2)
    assert _deadline.seconds_left("damaged", None) == float("-inf")


def test_without_a_boot_id_the_moment_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(_deadline, "_BOOT_ID", str(tmp_path / "none"))
    until, uptime = _deadline.begin(3600)
    assert uptime is None
    assert not _deadline.has_passed(until, uptime)
