# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TOML that is written is read as what was meant."""

from __future__ import annotations

import typing as t

import pytest
import tomllib
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.toml_writer import to_toml
from hypothesis import given, strategies as st

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SCALARS = TEXT | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False)
VALUES = SCALARS | st.lists(SCALARS, max_size=3) | st.lists(st.dictionaries(TEXT, SCALARS, max_size=3), max_size=2)
NAMES = st.text(st.characters(exclude_characters=".", exclude_categories=["Cs"]), min_size=1, max_size=10)


@given(st.dictionaries(NAMES, st.dictionaries(NAMES, VALUES, max_size=3), max_size=3))
def test_any_value_comes_back(tables: dict[str, dict[str, t.Any]]) -> None:
    flat = {"%s.%s" % (table, name): value for table, values in tables.items() for name, value in values.items()}
    assert tomllib.loads(to_toml(flat)) == {table: values for table, values in tables.items() if values}


def test_tables_nest_and_are_sorted() -> None:
    text = to_toml({"theme.sidebar.font": "serif", "server.port": 1, "theme.base": "dark", "alone": True})
    assert text == ('alone = true\n\n[server]\nport = 1\n\n[theme]\nbase = "dark"\n\n[theme.sidebar]\nfont = "serif"\n')


def test_a_type_that_toml_lacks_is_an_error() -> None:
    with pytest.raises(TypeError, match="NoneType has no form in TOML"):
        to_toml({"server.port": None})
