# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the controller does before it asks the target."""

from __future__ import annotations

import typing as t
from dataclasses import replace
from pathlib import Path

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.selfhost.pyapps.plugins.action.releases import (
    both_changes,
    file_diffs,
    given_secrets,
    name_releases,
    with_secrets,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.generator import HostOptions
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import Result
from helpers.release_target import catalog_entry

OK = Result(environment="e" * 16, assets="streamlit-1")
TOLD = OK.as_dict()


def app_folder(tmp_path: Path, name: str) -> dict[str, t.Any]:
    (tmp_path / name).mkdir()
    (tmp_path / name / "app.py").write_text("1")
    return catalog_entry(name, tmp_path / name)


def test_each_app_gets_its_release_or_its_reason(tmp_path: Path) -> None:
    """S0-24: an app whose folder cannot be sent fails alone, and an earlier failure is carried on untouched."""
    apps = [app_folder(tmp_path, name) for name in ("bad", "failed", "good", "waiting")]
    (tmp_path / "bad" / "link").symlink_to("/etc")
    before = Result().failed("environment", "no", ["x"])
    results = {"good": OK, "bad": OK, "waiting": replace(OK, environment=None), "failed": before}
    files, named = name_releases(apps, results, HostOptions())
    assert len(named["good"].release) == 16
    assert named["waiting"].release is None
    assert named["waiting"].state == "ok"
    assert named["bad"].state == "failed"
    assert named["bad"].step == "release"
    assert named["bad"].reason.startswith(str(tmp_path / "bad") + ": link is a link that leads out")
    assert named["failed"] == before
    assert sorted(files) == ["good", "waiting"]


def test_secrets_come_from_folder_and_inventory_and_a_faulty_file_fails_its_app(tmp_path: Path) -> None:
    """S0-15, S0-24: the inventory wins, variable by variable."""
    apps = [app_folder(tmp_path, name) for name in ("good", "faulty", "failed")]
    (tmp_path / "good" / ".env").write_text("A=folder\nB=folder\n")
    (tmp_path / "faulty" / ".env").write_text("geheim")
    results = {"good": OK, "faulty": OK, "failed": OK.failed("environment", "no")}
    given = given_secrets({"good": {"env": {"A": "inventory"}}, "elsewhere": {"env": {"A": "x"}}})
    secrets, checked = with_secrets(apps, results, given)
    assert secrets["good"].env == {"A": "inventory", "B": "folder"}
    assert "elsewhere" not in secrets
    assert [name for name in checked if checked[name].state == "failed"] == ["faulty", "failed"]
    assert str(tmp_path / "faulty" / ".env") + ": line 1 is not NAME=value" in checked["faulty"].reason
    assert "geheim" not in str(checked)


def test_faulty_secrets_fail_the_task_without_a_value() -> None:
    with pytest.raises(AnsibleActionFail, match=r"app\.env\.A: must be a string") as error:
        given_secrets({"app": {"env": {"A": 4711}}})
    assert "4711" not in str(error.value)


def test_what_the_first_question_has_changed_is_not_forgotten() -> None:
    """An app got its secrets back at the first question, and another one its release at the second."""
    first = {"missing": {"new": {}}, "app_results": {"back": {"changed": True}, "new": {"changed": True}, "a": TOLD}}
    second = {"missing": {}, "app_results": {"back": TOLD, "new": {"changed": False, "state": "failed"}, "a": TOLD}}
    results = both_changes(first, second)
    assert {name: result["changed"] for name, result in results.items()} == {"back": True, "new": False, "a": False}


def test_an_entry_file_that_is_not_sent_is_told(tmp_path: Path) -> None:
    """S0-06: not a crash loop."""
    app = app_folder(tmp_path, "app")
    (tmp_path / "app" / ".pyappsignore").write_text("*.py\n")
    _files, named = name_releases([app], {"app": OK}, HostOptions())
    assert "app.py, the entry_file, is not sent" in named["app"].reason


def test_a_diff_names_files_and_shows_no_content(tmp_path: Path) -> None:
    app = app_folder(tmp_path, "app")
    (tmp_path / "app" / "app.py").write_text("password = 'canary'")
    files, _named = name_releases([app], {"app": OK}, HostOptions())
    live = {"gone.py": {"sha256": "0" * 64, "executable": False}}
    (diff,) = file_diffs(files, {"app": {"live_entries": live}})
    assert diff["before"] == "gone.py 000000000000\n"
    assert diff["after"].startswith("app.py ")
    assert "canary" not in str(diff)
