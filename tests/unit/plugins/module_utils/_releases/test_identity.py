# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The name of a release."""

from __future__ import annotations

import typing as t
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.reader import read_catalog
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.generator import HostOptions
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import Result
from ansible_collections.selfhost.pyapps.plugins.module_utils._releases.identity import (
    failed,
    folder_id,
    listing,
    release_id,
    release_record,
    survivors,
)
from helpers.release_target import catalog_entry

ENTRIES: dict[str, dict[str, t.Any]] = {"app.py": {"sha256": "0" * 64, "executable": False}}
RESULT = Result(environment="e" * 16, assets="streamlit-1")


def name_of(**settings: t.Any) -> str:
    return release_id(ENTRIES, catalog_entry("app", Path("/x"), **settings), RESULT, HostOptions())


def test_an_id_is_16_hex_digits_and_does_not_depend_on_order() -> None:
    assert int(name_of(), 16) >= 0
    assert len(name_of()) == 16
    assert name_of(env={"A": "1", "B": "2"}) == name_of(env={"B": "2", "A": "1"})


@pytest.mark.parametrize(
    "settings",
    [
        {"title": "Another"},
        {"owner": {"name": "Somebody"}},
        {"folder": "/elsewhere"},
        {"gallery": {"listed": False}},
        {"route": {"max_upload_mb": 5}},
        {"deploy": {"keep": 9}},
        {"streamlit": {"port": 8001}},
        {"limits": {"memory": None, "cpu": None}},
    ],
)
def test_what_needs_no_new_process_makes_no_new_release(settings: dict[str, t.Any]) -> None:
    assert name_of(**settings) == name_of()


@pytest.mark.parametrize(
    "settings",
    [
        {"base_path": "/other"},
        {"env": {"A": "1"}},
        {"data": {"paths": ["uploads"]}},
        {"route": {"allowed_origins": ["https://a.example.com"]}},
        {"streamlit": {"entry_file": "main.py"}},
        {"limits": {"memory": 512, "cpu": None}},
        {"limits": {"memory": None, "cpu": 50}},
        {"streamlit": {"config": {"server.maxUploadSize": 5}}},
    ],
)
def test_what_the_process_sees_makes_a_new_release(settings: dict[str, t.Any]) -> None:
    assert name_of(**settings) != name_of()


def test_files_environment_assets_and_host_make_a_new_release() -> None:
    """S0-23: other requirements are another environment, so another release."""
    app = catalog_entry("app", Path("/x"))
    host = HostOptions()
    changed = {"app.py": {"sha256": "1" * 64, "executable": False}}
    names = {
        release_id(ENTRIES, app, RESULT, host),
        release_id(changed, app, RESULT, host),
        release_id(ENTRIES, app, replace(RESULT, environment="f" * 16), host),
        release_id(ENTRIES, app, replace(RESULT, assets="streamlit-2"), host),
        release_id(ENTRIES, app, RESULT, HostOptions("https://apps.example.com")),
        release_id(ENTRIES, app, RESULT, HostOptions(production=False)),
    }
    assert len(names) == 6


def test_the_record_holds_the_settings_and_no_path_of_the_controller() -> None:
    record = release_record(catalog_entry("app", Path("/home/me/app")), "0" * 16, "1" * 16, RESULT, HostOptions())
    assert (record["release"], record["content"]) == ("0" * 16, "1" * 16)
    assert record["environment"] == "e" * 16
    assert record["assets"] == "streamlit-1"
    assert record["settings"]["streamlit"]["entry_file"] == "app.py"
    assert "/home/me" not in str(record)


def test_only_apps_that_are_well_go_on() -> None:
    """S0-24: what failed before is carried on as it is."""
    apps = [catalog_entry(name, Path("/x")) for name in ("bad", "good", "unknown")]
    results = {"good": RESULT, "bad": failed(RESULT, "no")}
    assert [app["name"] for app in survivors(apps, results)] == ["good"]
    assert results["bad"].step == "release"
    assert results["bad"].release is None


def test_a_listing_shows_names_and_never_content() -> None:
    entries = {**ENTRIES, "run.sh": {"sha256": "a" * 64, "executable": True}, "link": {"link": "app.py"}}
    assert listing(entries) == "app.py 000000000000\nlink -> app.py\nrun.sh aaaaaaaaaaaa executable\n"


def test_a_folder_is_the_same_whatever_the_host_makes_of_it() -> None:
    entry = catalog_entry("app", Path("/x"))
    same = folder_id(ENTRIES, entry)
    assert (len(same), int(same, 16) >= 0) == (16, True)
    assert folder_id(ENTRIES, catalog_entry("app", Path("/y"), title="Another")) == same
    assert folder_id({**ENTRIES, "other.py": ENTRIES["app.py"]}, entry) != same
    assert folder_id(ENTRIES, catalog_entry("app", Path("/x"), env={"A": "1"})) != same


SETUP = """\
title = "Sales"

[streamlit]
entry_file = "main.py"
base_path = "/s"

[streamlit.config]
server.maxUploadSize = 50

[env]
MODE = "x"

[data]
paths = ["out"]

[limits]
memory = 500

[route]
allowed_origins = ["https://a.example.com"]
"""


def test_an_upgrade_of_the_collection_makes_no_new_release(tmp_path: Path) -> None:
    """The names are those that version 1164668 gave, before kinds had a contract: else each app starts anew once."""
    folder = tmp_path / "sales"
    folder.mkdir()
    (folder / "setup.toml").write_text(SETUP)
    (folder / "main.py").write_text("x=1\n")
    (folder / "requirements.txt").write_text("streamlit==1.41.*\n")
    (app,) = read_catalog(str(tmp_path)).apps
    entries: dict[str, dict[str, t.Any]] = {"main.py": {"sha256": "0" * 64, "executable": False}}
    result = Result(environment="0123456789abcdef", assets="streamlit-1.41.1-0123456789ab")
    host = HostOptions("https://apps.example.com", True)
    assert release_id(entries, app, result, host) == "89fb90080fbb092a"
    assert folder_id(entries, app) == "d93eb2188d5d421b"
