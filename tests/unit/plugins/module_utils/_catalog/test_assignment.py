# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which apps of a folder a host serves: pyapps_apps."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.assignment import Assignment, names_of
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.reader import Catalog, read_catalog
from helpers.apps import SETTINGS, make_app


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("app_1", "app_2", "sales"):
        make_app(tmp_path / name)
    return tmp_path


def names(catalog: Catalog) -> list[str]:
    return [app["name"] for app in catalog.apps]


@pytest.mark.parametrize(
    ("only", "served"),
    [
        (["*"], ["app_1", "app_2", "sales"]),
        (["sales", "app_1"], ["app_1", "sales"]),
        (["app_1", "*"], ["app_1", "app_2", "sales"]),
        ([], []),
    ],
)
def test_a_host_serves_what_it_names(folder: Path, only: list[str], served: list[str]) -> None:
    catalog = read_catalog(str(folder), assignment=Assignment(only))
    assert catalog.errors == []
    assert names(catalog) == served


def test_a_name_that_no_app_has_is_an_error_with_the_nearest_one(folder: Path) -> None:
    catalog = read_catalog(str(folder), assignment=Assignment(["app_1", "sale", "qqq"]))
    assert [error.as_line() for error in catalog.errors] == [
        "pyapps_apps: names an app that is not there: remove it"
        ' (found: "qqq"; allowed: app_1, app_2, sales, or * for all)',
        "pyapps_apps: names an app that is not there: did you mean sales?"
        ' (found: "sale"; allowed: app_1, app_2, sales, or * for all)',
    ]


def test_a_name_is_not_called_unknown_while_an_app_can_not_be_read(folder: Path) -> None:
    make_app(folder / "new", "name = 3\n" + SETTINGS)
    catalog = read_catalog(str(folder), assignment=Assignment(["new"]))
    assert [error.file for error in catalog.errors] == [str(folder / "new" / "setup.toml")]


def test_an_error_of_an_app_that_the_host_does_not_serve_is_told_too(folder: Path) -> None:
    make_app(folder / "broken", "titel = 1\n" + SETTINGS)
    catalog = read_catalog(str(folder), assignment=Assignment(["app_1"]))
    assert [error.key for error in catalog.errors] == ["titel"]


def test_apps_of_different_hosts_may_have_the_same_path_and_port(tmp_path: Path) -> None:
    for name in ("a", "b"):
        make_app(tmp_path / name, '[streamlit]\nentry_file = "main.py"\nbase_path = "/"\nport = 8001\n')
    assert len(read_catalog(str(tmp_path)).errors) == 2
    assert read_catalog(str(tmp_path), assignment=Assignment(["b"])).errors == []


def test_secrets_are_needed_where_the_app_is_served(folder: Path) -> None:
    make_app(folder / "secret", SETTINGS + '[env]\nrequired = ["API_KEY"]\n')
    assert read_catalog(str(folder), {}, Assignment(["app_1"])).errors == []
    assert [error.key for error in read_catalog(str(folder), {}, Assignment(["secret"])).errors] == ["env.required"]


@pytest.mark.parametrize(
    ("fleet", "nowhere"),
    [
        ([["app_1"], ["app_2"]], "sales"),
        ([["app_1"], "app_2, sales"], ""),
        ([["app_1"], ["*"]], ""),
        ([["app_2"], []], "app_1, sales"),
        ([], ""),
    ],
)
def test_an_app_that_no_host_serves_is_a_notice(folder: Path, fleet: list[object], nowhere: str) -> None:
    catalog = read_catalog(str(folder), assignment=Assignment(["app_1"]), fleet=fleet)
    expected = ["pyapps_apps: no host of the inventory serves " + nowhere] if nowhere else []
    assert catalog.notices == expected
    assert catalog.errors == []


@pytest.mark.parametrize(
    ("value", "expected"), [("a, b", ["a", "b"]), (["a", "b"], ["a", "b"]), ("", []), (None, []), ([], [])]
)
def test_names_may_be_a_list_or_a_text(value: object, expected: list[str]) -> None:
    assert names_of(value) == expected
