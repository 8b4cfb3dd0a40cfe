# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.python_range import satisfies


@pytest.mark.parametrize(
    ("number", "conditions", "wanted"),
    [
        ("3.12.4", [], True),
        ("3.12.4", [">=3.10", "<3.13"], True),
        ("3.13.0", [">=3.10", "<3.13"], False),
        ("3.10.0", [">3.10"], False),
        ("3.10.0", [">=3.10"], True),
        ("3.9.18", [">=3.10"], False),
        ("3.12.4", ["==3.12.*"], True),
        ("3.12.4", ["==3.12"], False),
        ("3.12.4", ["===3.12.4"], True),
        ("3.12.4", ["!=3.12.*"], False),
        ("3.12.4", ["!=3.12.3"], True),
        ("3.12.4", ["~=3.10"], True),
        ("3.12.4", ["~=3.10.2"], False),
        ("3.12.4", ["<=3.12"], False),
        ("3.12.4", [">=3.13.0rc1"], False),
        ("3.13.1t", [">=3.13"], True),
        ("3.12.4", ["nonsense"], False),
    ],
)
def test_conditions_are_compared_as_numbers(number: str, conditions: list[str], wanted: bool) -> None:
    assert satisfies(number, conditions) is wanted
