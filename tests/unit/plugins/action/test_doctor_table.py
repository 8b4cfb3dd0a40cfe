# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the doctor has found, and what to do about it."""

from __future__ import annotations

import pytest
from ansible_collections.selfhost.pyapps.plugins.action.doctor_table import ActionModule

TABLE = ActionModule.__new__(ActionModule)  # what it shows needs no task
ILL = {"check": "port 80", "state": "problem", "found": "nobody listens", "advice": "Run the site playbook."}
WELL = {"check": "uv", "state": "ok", "found": "0.9", "advice": ""}


@pytest.mark.parametrize("fail", [True, False])
def test_the_first_line_counts_and_the_last_ones_advise(fail: bool) -> None:
    lines, answer = TABLE.tell({"findings": [ILL, WELL], "fail": fail}, "attic")
    assert lines[0] == "attic, examined: 1 problem, 0 warnings"
    assert lines[-2:] == ["", "port 80: Run the site playbook."]
    assert answer == {"failed": fail, "msg": "1 problem, 0 warnings"}


def test_a_host_that_is_well_fails_nothing() -> None:
    _lines, answer = TABLE.tell({"findings": [WELL, {**ILL, "state": "warning"}], "fail": True}, "attic")
    assert answer == {"failed": False, "msg": "0 problems, 1 warning"}
