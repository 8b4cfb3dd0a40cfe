# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one run of the module ``environments`` says and cleans up; uv is a stand-in, all else is real."""

from __future__ import annotations

import json
import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.lock import Request
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.run import run
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import files, namespaces, unprivileged
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.lock import LockedError, host_lock
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import Result
from helpers.environment_host import Host, app
from helpers.stand_in_uv import StandInUv


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    monkeypatch.setattr(unprivileged, "build_user", lambda: None)
    monkeypatch.setattr(files, "sync_file_system", lambda path: None)
    return Host(str(tmp_path / "root"))


@pytest.fixture(autouse=True)
def uv(host: Host, tmp_path: Path) -> StandInUv:
    return StandInUv(host.layout.uv, tmp_path, {"alpha": "1.0", "beta": "1.0", "streamlit": "1.41.0"})


def release(host: Host, name: str, environment: t.Any) -> Path:
    """A release of an app that lies on the host, with this in its release.json."""
    folder = Path(host.layout.app(name).release("r1"))
    folder.mkdir(parents=True)
    (folder / "release.json").write_text(json.dumps(environment))
    return folder


def locks(host: Host) -> list[str]:
    return sorted(path.name for path in Path(host.layout.locks).glob("*.txt"))


def test_the_first_run_says_where_everything_is(host: Host) -> None:
    answer = host.make(app("one", "streamlit\nalpha\n", kind="streamlit"))
    result = answer["app_results"]["one"]
    assert (answer["changed"], answer["warnings"], answer["tools"]) == (True, [], {})
    assert (result["state"], result["changed"], result["streamlit"]) == ("ok", True, "1.41.0")
    assert result["path"] == os.path.join(host.layout.envs, result["environment"])
    assert result["python"] == result["path"] + "/bin/python"
    assert os.path.exists(result["python"])
    assert Path(result["lock"]).read_text().startswith("streamlit==1.41.0")
    (difference,) = answer["diff"]
    assert difference["after"] == "alpha==1.0\nstreamlit==1.41.0\n"
    assert difference["before"] == ""


def test_a_second_run_says_the_same_and_that_nothing_changed(host: Host, uv: StandInUv) -> None:
    """S0-23"""
    first = host.make(app("one", "alpha\n"))
    uv.calls()
    second = host.make(app("one", "alpha\n"), prune=True)
    assert (second["changed"], second["diff"], second["pruned"]) == (False, [], [])
    assert second["app_results"]["one"] == {**first["app_results"]["one"], "changed": False}
    assert uv.calls() == []


def test_what_earlier_steps_said_is_kept(host: Host) -> None:
    before = {"one": Result(changed=True), "gone": Result().failed("packages", "no such package", ["a line"])}
    answer = run(
        host.layout, host.settings(), [Request.of_app(app("one", "alpha\n"))], False, 10, host.said.append, before
    )
    again = run(
        host.layout, host.settings(), [Request.of_app(app("one", "alpha\n"))], False, 10, host.said.append, before
    )
    assert answer["app_results"]["gone"] == before["gone"].as_dict()
    assert again["app_results"]["one"]["changed"]
    assert not again["changed"]


def test_a_failure_names_the_step_and_the_reason(host: Host) -> None:
    result = host.make(app("one", "gamma\n"))["app_results"]["one"]
    assert (result["state"], result["step"]) == ("failed", "environment")
    assert result["reason"].startswith("could not resolve requirements.txt: gamma was not found")
    assert result["log"] == ["error: gamma was not found in the index"]
    assert result["environment"] is None


def test_in_check_mode_no_folder_is_made_and_no_lock_is_taken(host: Host) -> None:
    before = host.everything()
    answer = host.make(app("one", "alpha\n"), check=True, prune=True)
    assert answer["changed"]
    assert (answer["app_results"]["one"]["path"], answer["app_results"]["one"]["lock"]) == (None, None)
    assert answer["app_results"]["one"]["python"] is None
    assert host.everything() == before


def test_two_runs_do_not_work_at_once(host: Host) -> None:
    host.make(app("one", "alpha\n"))
    with host_lock(host.layout.lock, 1, "does something else"), pytest.raises(LockedError, match="does something else"):
        run(host.layout, host.settings(), [], False, 0, host.said.append)


def test_a_tool_is_reached_by_its_link(host: Host) -> None:
    answer = host.make(tools={"helper": {"requirements": ["alpha"]}})
    tool = answer["tools"]["helper"]
    link = os.path.join(host.layout.tools, "helper")
    assert answer["app_results"] == {}
    assert os.path.realpath(link) == os.path.realpath(tool["path"])
    assert os.readlink(os.path.join(host.layout.locks, "tools", "helper.txt")) == "../" + os.path.basename(tool["lock"])
    assert not host.make(tools={"helper": {"requirements": ["alpha"]}}, prune=True)["changed"]


def test_what_a_killed_run_left_is_deleted(host: Host) -> None:
    host.make(app("one", "alpha\n"))
    Path(host.layout.envs, ".part-work-1").mkdir()
    host.make(app("one", "alpha\n"))
    assert len(host.environments()) == 1


def test_a_closed_folder_above_the_store_is_named(host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host.make(app("one", "alpha\n"))
    monkeypatch.setattr(unprivileged, "build_user", lambda: "root")
    Path(host.layout.srv).chmod(0o700)
    with pytest.raises(LookupError, match="is closed to other users, so neither root nor any app could enter"):
        host.make(app("one", "alpha\n"))


# -- What nobody needs any more


def test_nothing_is_deleted_where_it_is_not_wanted(host: Host) -> None:
    host.make(app("one", "alpha\n"))
    answer = host.make(app("one", "beta\n"))
    assert (answer["pruned"], answer["pruned_pythons"]) == ([], [])
    assert len(host.environments()) == len(locks(host)) == 2


def test_environments_and_locks_that_nobody_uses_are_deleted(host: Host) -> None:
    first = host.make(app("one", "alpha\n"), app("two", "alpha\nbeta\n"))
    old = first["app_results"]["one"]["environment"]
    answer = host.make(app("one", "beta\n"), app("two", "alpha\nbeta\n"), prune=True)
    assert answer["pruned"] == [old]
    assert answer["changed"]
    assert host.environments() == sorted(result["environment"] for result in answer["app_results"].values())
    assert locks(host) == sorted(os.path.basename(result["lock"]) for result in answer["app_results"].values())


def test_check_mode_says_what_would_be_deleted(host: Host) -> None:
    """C-05: and deletes nothing."""
    first = host.make(app("one", "alpha\n"))["app_results"]["one"]
    answer = host.make(prune=True, check=True)
    assert (answer["pruned"], answer["changed"]) == ([first["environment"]], True)
    assert host.environments() == [first["environment"]]
    assert os.path.exists(first["lock"])


def test_what_a_release_uses_stays_and_the_lock_of_an_app_on_the_host(host: Host) -> None:
    first = host.make(app("one", "alpha\n"))["app_results"]["one"]
    release(host, "one", {"environment": first["environment"]})
    answer = host.make(app("two", "beta\n"), prune=True)
    assert answer["pruned"] == []
    assert first["environment"] in host.environments()
    assert os.path.exists(first["lock"])
    assert os.path.islink(os.path.join(host.layout.locks, "apps", "one.txt"))


def test_the_link_of_an_app_that_is_gone_leaves_with_its_lock(host: Host) -> None:
    host.make(app("one", "alpha\n"))
    answer = host.make(app("two", "beta\n"), prune=True)
    assert os.listdir(os.path.join(host.layout.locks, "apps")) == ["two.txt"]
    assert locks(host) == [os.path.basename(answer["app_results"]["two"]["lock"])]


def test_what_a_tool_uses_stays(host: Host) -> None:
    tool = host.make(tools={"helper": {"requirements": ["alpha"]}})["tools"]["helper"]
    answer = host.make(app("two", "beta\n"), prune=True)
    assert answer["pruned"] == []
    assert os.path.exists(tool["python"])
    assert os.path.exists(tool["lock"])


def test_folders_that_are_no_environments_of_the_store_stay(host: Host) -> None:
    host.make(app("one", "alpha\n"))
    Path(host.layout.envs, "mine").mkdir()
    Path(host.layout.locks, "notes.txt").write_text("")
    Path(host.layout.locks, "0123456789abcdef.old").write_text("")
    host.make(prune=True)
    assert host.environments() == ["mine"]
    assert sorted(os.listdir(host.layout.locks)) == ["0123456789abcdef.old", "apps", "notes.txt"]


@pytest.mark.parametrize("text", ["{", "[]"])
def test_a_release_that_can_not_be_read_keeps_everything(host: Host, text: str) -> None:
    host.make(app("one", "alpha\n"))
    (release(host, "two", {}) / "release.json").write_text(text)
    answer = host.make(prune=True)
    assert answer["pruned"] == []
    assert len(host.environments()) == 1
    (warning,) = answer["warnings"]
    assert warning.startswith("unused environments are not deleted this time: ")
    assert "release.json cannot be read" in warning


def test_a_release_that_is_being_written_counts_for_nothing(host: Host) -> None:
    host.make(app("one", "alpha\n"))
    folder = Path(host.layout.app("two").releases, ".part-r1-1")
    folder.mkdir(parents=True)
    (folder / "release.json").write_text("{")
    assert len(host.make(prune=True)["pruned"]) == 1


# -- Packages that were built from source


def test_it_is_said_where_a_build_could_not_be_kept_apart(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ansible_collections.selfhost.pyapps.plugins.module_utils._environments import run as _environment_run
    from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.wish import Wish

    building, plain = (
        Wish(Request.of_app(app(name, "alpha\n", allow_build=allowed)), built=True)
        for name, allowed in (("one", True), ("two", False))
    )
    monkeypatch.setattr(namespaces, "fault", lambda: "no namespaces")
    say = _environment_run._not_kept_apart
    assert say([plain], host.settings()) == []
    assert say([building], host.settings(check=True)) == []
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    (warning,) = say([building, plain], host.settings())
    assert warning.startswith("the packages of one were built with this host's network")
    assert "(no namespaces)" in warning
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert say([building], host.settings()) == [
        "the packages of one were built without any protection from their code, because this is not run as root"
    ]
    monkeypatch.setattr(namespaces, "fault", lambda: None)
    assert say([building], host.settings()) == []
