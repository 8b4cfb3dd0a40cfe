# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages that the documentation quotes are those that the code says."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.reader import read_catalog
from ansible_collections.selfhost.pyapps.plugins.plugin_utils._variables import (
    fault,
    options_of_roles,
    prefixes,
    unknown_variables,
)

CHECKOUT = Path(__file__).resolve().parents[2]


def quoted(page: str) -> list[str]:
    return (CHECKOUT / page).read_text().splitlines()


def test_the_mistake_in_add_an_app_is_told_so(tmp_path: Path) -> None:
    app = tmp_path / "apps" / "sales"
    app.mkdir(parents=True)
    (app / "setup.toml").write_text('[streamlit]\nentry_fil = "sales.py"\n')
    said = [problem.as_line() for problem in read_catalog(str(tmp_path / "apps")).errors]
    assert said[0].removeprefix("%s/" % tmp_path) in quoted("docs/how-to/add-an-app.md")


@pytest.mark.parametrize(("name", "value"), [("pyapps_front", "ngnix"), ("pyapps_parallel", "abc")])
def test_a_wrong_value_of_a_variable_is_told_so(name: str, value: str) -> None:
    problem = fault(name, value, options_of_roles()[name])
    assert problem is not None
    assert problem.as_line() in quoted("docs/how-to/operations.md")


def test_a_misspelt_variable_is_told_so() -> None:
    (problem,) = unknown_variables(["pyapps_frontt"], options_of_roles(), prefixes())
    assert problem.as_line() in quoted("docs/how-to/operations.md")
