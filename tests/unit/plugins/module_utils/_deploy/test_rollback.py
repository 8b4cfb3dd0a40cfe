# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which release a rollback goes to. That it serves is shown on a real host (tests/integration/test_rollback.py)."""

from __future__ import annotations

import json
import os
import typing as t
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.secrets import AppSecrets
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy import rollback as _rollback
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.generator import HostOptions
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import Result
from ansible_collections.selfhost.pyapps.plugins.module_utils._releases.identity import release_id
from ansible_collections.selfhost.pyapps.plugins.module_utils._releases.withdrawn import stay_with_live
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import (
    history as _release_history,
    release_secrets as _release_secrets,
    release_store as _release_store,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.history import History
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_record import InstanceRecord
from helpers.release_target import catalog_entry

A, B, C, D = ("%s" % digit * 16 for digit in "abcd")
INSTANCE = "0" * 32
URL = "https://apps.example"


class Host:
    """One app whose releases A, B and C went live in this order; D was refused."""

    def __init__(self, folder: Path) -> None:
        self.layout = Layout(str(folder))
        self.app = self.layout.app("app_1")
        os.makedirs(os.path.join(self.layout.envs, "env"))
        os.makedirs(self.layout.etc)
        for name in (self.app.instances, self.app.serving):
            os.makedirs(name)
        for release in (A, B, C, D):
            self.release(release)
        self.history(History({A: "day 1", B: "day 2", C: "day 3"}))
        self.live(C)

    def release(self, release: str, **about: t.Any) -> None:
        part = _release_store.begin(self.app, release, None)
        os.mkdir(os.path.join(part, "code"))
        settings = catalog_entry("app_1", Path("/x"), base_path="/app-1")
        record = {"content": release, "environment": "env", "assets": "assets", "settings": settings, **about}
        _release_store.add_generated(part, {**record, "release": release}, {}, {".streamlit/config.toml": ""}, None)
        _release_store.complete(part, self.app, release)

    def history(self, history: History) -> None:
        _release_history.write(self.app, history, [A, B, C, D])

    def live(self, release: str) -> None:
        record = InstanceRecord("app_1", INSTANCE, 20000, release, "2026-11-21T00:00:00Z")
        Path(self.app.instance(INSTANCE)).write_text(record.to_json())
        if not os.path.islink(self.app.live):
            os.symlink("serving/%s.20000" % INSTANCE, self.app.live)

    def back(self, release: str = "", check_mode: bool = False, **applied: t.Any) -> Result:
        entry = {"name": "app_1", "base_path": "/app-1", "title": "A new title", **applied}
        entries, results = _rollback.prepare(self.layout, ["app_1"], release, [entry], URL, check_mode)
        assert [entry["title"] for entry in entries] == (["A new title"] if results["app_1"].goes_on else [])
        return results["app_1"]


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    monkeypatch.setattr(_rollback.os, "geteuid", lambda: 1000)  # no users of apps are made here
    return Host(tmp_path)


def test_the_last_one_that_was_live_is_the_last_good_one(host: Host) -> None:
    """A release that was refused is none, though it is the newest."""
    assert host.back() == Result(release=B, assets="assets")


def test_again_goes_one_further_back_and_not_to_what_was_left(host: Host) -> None:
    host.history(_release_history.read(host.app).rolled_back(B, "day 4", C))
    host.live(B)
    assert host.back().release == A
    host.history(_release_history.read(host.app).rolled_back(A, "day 5", B))
    host.live(A)
    result = host.back()
    assert (result.state, result.step) == ("failed", "release")
    for expected in (A + "  live since day 5", B + "  was live since day 4; rolled back", D + "  never live"):
        assert expected in result.reason


def test_a_named_release_is_taken_whatever_became_of_it(host: Host) -> None:
    assert host.back(release=D).release == D


def test_old_code_is_tried_by_its_own_commands(host: Host) -> None:
    """What the folder says today may be a command that old code does not have."""
    today = {"keep": 7, "test": "pytest new_tests/", "drain_timeout": 5, "gate": "pages"}
    applied = [{"name": "app_1", "base_path": "/app-1", "title": "A new title", "deploy": today}]
    settings = catalog_entry("app_1", Path("/x"), base_path="/app-1", deploy={"test": "pytest old_tests/"})
    host.release("f" * 16, settings=settings)
    (entry,), _results = _rollback.prepare(host.layout, ["app_1"], "f" * 16, applied, URL, True)
    assert (entry["title"], entry["deploy"]["test"], entry["deploy"]["gate"]) == (
        "A new title",
        "pytest old_tests/",
        "pages",
    )


def test_old_code_gets_the_secrets_of_today(host: Host) -> None:
    """The release that is live knows them; with them the old code has another name, the same one each time."""
    own = AppSecrets({"KEY": "of today"}, "key = 'of today'")
    _release_secrets.write(host.app.release(C), own, None)
    before = sorted(Path(host.app.path).rglob("*"))
    assert host.back(check_mode=True).release == B  # without a key nobody can tell the name
    assert sorted(Path(host.app.path).rglob("*")) == before
    release = host.back().release
    assert release not in (A, B, C, D)
    assert host.back(check_mode=True).release == release
    folder = host.app.release(release)
    assert _release_secrets.read(folder) == own
    assert os.readlink(os.path.join(folder, "code", ".streamlit", "secrets.toml")) == "../../secrets.toml"
    assert json.loads(Path(folder, "release.json").read_text())["content"] == B
    assert not os.path.exists(os.path.join(host.app.release(B), "secrets.toml"))


def test_the_same_code_with_older_secrets_is_no_way_back(host: Host) -> None:
    host.release("e" * 16, content=C)
    host.history(_release_history.read(host.app).deployed("e" * 16, "day 2"))
    host.live(C)
    assert host.back().release == B


def test_secrets_that_were_deleted_with_an_instance_come_back(host: Host) -> None:
    own = AppSecrets({"KEY": "of today"})
    _release_secrets.write(host.app.release(C), own, None)
    release = host.back().release
    _release_secrets.delete(_release_secrets.unused(host.app))
    assert not _release_secrets.read(host.app.release(release))
    _release_secrets.write(host.app.release(C), own, None)
    assert host.back().release == release
    assert _release_secrets.read(host.app.release(release)) == own


def test_a_release_for_another_address_is_refused(host: Host) -> None:
    result = host.back(base_path="/elsewhere")
    assert result.state == "failed"
    assert "was made for /app-1/, and the front has the app at /elsewhere/ now" in result.reason


def test_a_release_without_its_environment_is_refused(host: Host) -> None:
    os.rmdir(os.path.join(host.layout.envs, "env"))
    assert "the environment of release %s is gone" % B in host.back().reason


def test_an_app_whose_live_instance_is_not_known_stays(host: Host) -> None:
    os.unlink(host.app.instance(INSTANCE))
    assert "the record of its live instance is missing" in host.back().reason
    os.unlink(host.app.live)
    assert "has never been live" in host.back().reason


@pytest.mark.parametrize(
    ("names", "asked", "release", "expected"),
    [
        (["app_1", "app_2"], [], "", "No app given"),
        (["app_1", "app_2"], [" "], "", "No app given"),
        (["app_1", "app_2"], ["app_1", "app_2"], A, "a release is of one app"),
        (["app_1"], ["app_1"], "../" + A, "There are:\n  %s  live since day 3\n  %s  was live" % (C, B)),
        (["app_1"], ["app_1"], A[:-1] + "b", "Did you mean %s?" % A),
        (["app_2"], ["app_2"], A, "There is none."),
    ],
)
def test_what_can_not_be_meant_is_refused(
    host: Host, names: list[str], asked: list[str], release: str, expected: str
) -> None:
    with pytest.raises(_rollback.RollbackError) as caught:
        _rollback.check_request(host.layout, names, asked, release)
    assert expected in str(caught.value)


def test_a_release_that_was_left_is_not_brought_back_by_its_folder(host: Host) -> None:
    wanted = Result(release=C, assets="newer", environment="newer")
    assert stay_with_live(host.app, wanted) == wanted
    host.history(_release_history.read(host.app).rolled_back(B, "day 4", C))
    host.live(B)
    expected = Result(release=B, assets="assets", environment="env", withdrawn=C)
    assert stay_with_live(host.app, wanted) == expected
    other = replace(wanted, release=D)
    assert stay_with_live(host.app, other) == other
    unknown = replace(wanted, release=None)
    assert stay_with_live(host.app, unknown) == unknown


def test_a_folder_that_was_left_is_known_again_whatever_the_host_adds_to_it(host: Host) -> None:
    """Another URL, other secrets, another environment: none of them is a new version of the app."""
    left, new = "1" * 16, "2" * 16
    host.release(left, folder="what was left")
    host.release(new, folder="what is live")
    host.history(History({left: "day 4", new: "day 5"}, frozenset({left})))
    host.live(new)
    wanted = Result(release="3" * 16, environment="newer", folder="what was left")
    stayed = stay_with_live(host.app, wanted)
    assert (stayed.release, stayed.withdrawn) == (new, left)  # which can be named to have it back
    assert stay_with_live(host.app, replace(wanted, folder="something new")).release == "3" * 16
    # An upgrade was rolled back: the folder is live again, in another environment.
    host.release("5" * 16, folder="what is live", environment="upgraded")
    host.history(History({new: "day 4", "5" * 16: "day 5"}, frozenset({"5" * 16})))
    upgraded = replace(wanted, folder="what is live", environment="upgraded")
    assert stay_with_live(host.app, upgraded).withdrawn == "5" * 16
    assert stay_with_live(host.app, replace(upgraded, environment="upgraded again")).release == "3" * 16
    # The host's part was rolled back, of a folder that is live: then it is deployed as ever.
    host.release("4" * 16, folder="what is live")
    host.history(History({left: "day 4", "4" * 16: "day 5", new: "day 6"}, frozenset({left, "4" * 16})))
    assert stay_with_live(host.app, replace(wanted, folder="what is live")).release == "3" * 16


def made_for(host: Host, url: str) -> str:
    """A release as it is made for a URL; its id."""
    settings = catalog_entry("app_1", Path("/x"), base_path="/app-1")
    package = Path(host.layout.envs, "env", "lib", "python3.11", "site-packages", "streamlit")
    package.mkdir(parents=True, exist_ok=True)
    (package / "config.py").touch()
    options = HostOptions(url)
    release = release_id({}, settings, Result(environment="env", assets="assets"), options)
    host.release(release, content=release, production=True, folder="f")
    Path(host.app.release(release), "code", ".streamlit", "config.toml").unlink()
    Path(host.app.release(release), "code", ".streamlit", "config.toml").write_text("serverAddress of %s" % url)
    return release


def test_old_code_gets_the_url_of_today(host: Host) -> None:
    """Streamlit refuses the browsers of another URL than that of its configuration."""
    old = made_for(host, "https://before.example")
    assert host.back(old, check_mode=True).release not in (old, None)
    back = host.back(old)
    assert back.release not in (A, B, C, D, old)
    folder = Path(host.app.release(back.release or ""))
    config = (folder / "code" / ".streamlit" / "config.toml").read_text()
    assert "apps.example" in config
    assert "before.example" not in config
    assert "before.example" in Path(host.app.release(old), "code", ".streamlit", "config.toml").read_text()
    record = json.loads((folder / "release.json").read_text())
    assert (record["release"], record["content"], record["folder"]) == (back.release, back.release, "f")


def test_who_goes_forward_again_under_another_name_goes_forward(host: Host) -> None:
    old = made_for(host, "https://before.example")
    host.history(History({old: "day 1", C: "day 2"}, frozenset({old})))
    again = host.back(old).release or ""
    assert _release_history.read(host.app).withdrawn == {again}


def test_code_of_today_is_not_made_again(host: Host) -> None:
    same = made_for(host, URL)
    assert host.back(same).release == same
