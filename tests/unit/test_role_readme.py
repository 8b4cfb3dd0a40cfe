# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from tools.role_variables import ROLES, with_table


@pytest.mark.parametrize("role", sorted(path.name for path in ROLES.iterdir() if path.is_dir()))
def test_the_table_of_variables_is_current(role: str) -> None:
    assert (ROLES / role / "README.md").read_text() == with_table(ROLES / role), (
        "run `python3 tests/tools/role_variables.py`"
    )
