# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for the rows of every kind."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.reader import read_catalog
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.app_files import SETUP
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.generators import GENERATORS
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.page_checks import PAGE_CHECKS
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.pages import PAGES
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.registry import KINDS
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.table import ADDRESS
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.tables import TABLES, kind_in


def test_each_kind_has_a_table_and_each_other_row_is_of_a_kind() -> None:
    assert list(TABLES) == list(KINDS)
    assert set(GENERATORS) | set(PAGE_CHECKS) | set(PAGES) <= set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_base_path_and_port_are_keys_of_every_table(kind: str) -> None:
    assert all(key in TABLES[kind].key.keys for key in ADDRESS)
    assert not {key.name for key in ADDRESS} & set(KINDS[kind].process_keys), "another address is no other release"


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_generated_has_a_generator(kind: str) -> None:
    assert bool(KINDS[kind].generated) is (kind in GENERATORS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_app_of_each_kind_is_an_app(kind: str, tmp_path: Path) -> None:
    folder = tmp_path / "new-app"
    folder.mkdir()
    for name, text in TABLES[kind].template("new-app", 'An "app"').items():
        (folder / name).write_text(text)
    catalog = read_catalog(str(folder))
    assert (catalog.errors, [app["kind"] for app in catalog.apps]) == ([], [kind])
    assert SETUP in TABLES[kind].template("a", "A")


def test_a_file_without_any_table_is_of_the_first_kind() -> None:
    assert kind_in({"title": "x"}) == next(iter(TABLES))
    assert kind_in({"streamlit": {}}) == "streamlit"
