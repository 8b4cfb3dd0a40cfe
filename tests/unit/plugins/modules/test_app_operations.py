# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules of everyday work refuse, and what check mode says; on a host's folders without a daemon.

That they work is shown on a real host (tests/integration/test_operations.py).
"""

from __future__ import annotations

import json
import os
import tempfile
import types
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.data_save import save
from ansible_collections.selfhost.pyapps.plugins.modules import app_backup, app_logs, app_restart, app_restore, new_app
from helpers.modules import run_module

CATALOG = {"source": "me", "url": "http://localhost", "apps": [{"name": "app_1", "base_path": "/app-1"}]}


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A host with two apps that have never been live, and a backup of the first."""
    found = Layout(str(tmp_path))
    for name in ("app_1", "app_2"):
        for folder in (found.app(name).releases, found.app(name).data, found.log):
            os.makedirs(folder, exist_ok=True)
    os.makedirs(found.etc)
    Path(found.catalog).write_text(json.dumps(CATALOG))
    with tempfile.TemporaryFile() as file:
        save(found.app("app_1").data, {"app": "app_1"}, file)
        file.seek(0)
        archive = file.read()
    folder = tmp_path / "var" / "backups" / "pyapps"
    folder.mkdir(parents=True)
    for moment in ("20260101T000000Z", "20260102T000000Z"):
        (folder / ("app_1-%s.tar.gz" % moment)).write_bytes(archive)
    (folder / "app_1-old.tar.gz").write_text("no archive")
    return found


@pytest.mark.parametrize("module", [app_restart, app_logs, app_backup, app_restore])
def test_a_wrong_name_is_told_with_the_nearest_one(layout: Layout, module: types.ModuleType) -> None:
    """S0-101."""
    answer = run_module(module, check=True, root=layout.root, app=["ap_1"])
    assert answer["failed"]
    assert "Did you mean app_1?" in answer["msg"]


@pytest.mark.parametrize("lines", [0, -1, 10001])
def test_a_wrong_number_of_lines_is_refused(layout: Layout, lines: int) -> None:
    assert "allowed is 1 to 10000" in run_module(app_logs, root=layout.root, lines=lines)["msg"]


def test_an_app_that_was_never_live_shows_what_its_last_candidate_wrote(layout: Layout) -> None:
    for number, moment in (("a", 100), ("b", 200)):
        path = Path(layout.log) / ("app_1.%s.err.log" % (number * 32))
        path.write_text("first %s\n\x1b[31mlast %s\n" % (number, number))
        os.utime(path, (moment, moment))
    (log,) = run_module(app_logs, root=layout.root, app=["app_1"], lines=1)["logs"]
    assert (log["app"], log["stream"], log["lines"]) == ("app_1", "err", ["last b"])
    assert run_module(app_logs, root=layout.root, app=["app_2"])["logs"] == []


def test_an_app_that_was_never_live_can_not_be_restarted(layout: Layout) -> None:
    answer = run_module(app_restart, check=True, root=layout.root, app=["app_1"])
    assert answer["app_results"]["app_1"]["state"] == "failed"
    assert "deploy it first" in answer["app_results"]["app_1"]["reason"]


def test_check_mode_saves_nothing(layout: Layout) -> None:
    before = sorted(Path(layout.root).rglob("*"))
    answer = run_module(app_backup, check=True, root=layout.root)
    assert (answer["changed"], sorted(answer["app_results"])) == (True, ["app_1", "app_2"])
    assert sorted(Path(layout.root).rglob("*")) == before


def test_the_newest_backup_is_taken(layout: Layout) -> None:
    answer = run_module(app_restore, check=True, root=layout.root, app=["app_1"])
    assert answer["app_results"]["app_1"]["note"].endswith("app_1-20260102T000000Z.tar.gz")


def test_an_archive_tells_its_app_itself(layout: Layout) -> None:
    archive = layout.root + "/var/backups/pyapps/app_1-20260101T000000Z.tar.gz"
    answer = run_module(app_restore, check=True, root=layout.root, archive=archive)
    assert list(answer["app_results"]) == ["app_1"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, "neither is given"),
        ({"app": ["app_2"]}, "there is no backup of app_2"),
        ({"app": ["app_1"], "folder": "/nonexistent"}, "there is no backup of app_1 in /nonexistent"),
        ({"app": ["app_1", "app_2"], "archive": "app_1-20260101T000000Z.tar.gz"}, "an archive is of one app"),
        ({"app": ["app_2"], "archive": "app_1-20260101T000000Z.tar.gz"}, "holds the data of app_1, not of app_2"),
        ({"archive": "app_1-old.tar.gz"}, "this is not a backup made by this collection"),
        ({"archive": "gone.tar.gz"}, "No such file"),
        ({"catalog": "app_1-old.tar.gz"}, "is no copy of an applied catalog"),
        ({"catalog": "gone.json"}, "is no copy of an applied catalog"),
    ],
)
def test_what_can_not_be_restored_is_refused(layout: Layout, arguments: dict[str, t.Any], expected: str) -> None:
    folder = layout.root + "/var/backups/pyapps/"
    given = {key: folder + value if key in ("archive", "catalog") else value for key, value in arguments.items()}
    answer = run_module(app_restore, check=True, root=layout.root, **given)
    assert answer["failed"]
    assert expected in answer["msg"]


def test_an_archive_of_an_app_that_is_gone_is_refused(layout: Layout) -> None:
    os.rmdir(layout.app("app_1").releases)
    archive = layout.root + "/var/backups/pyapps/app_1-20260101T000000Z.tar.gz"
    answer = run_module(app_restore, check=True, root=layout.root, archive=archive)
    assert "app_1" in answer["msg"]
    assert "deploy it first" in answer["msg"]


def test_a_new_app_in_check_mode_is_only_shown(tmp_path: Path) -> None:
    answer = run_module(new_app, check=True, folder=str(tmp_path), name="sales")
    assert (answer["changed"], answer["path"]) == (True, str(tmp_path / "sales"))
    assert os.listdir(tmp_path) == []
