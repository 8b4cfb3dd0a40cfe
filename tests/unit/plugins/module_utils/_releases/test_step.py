# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The step on the target, without Ansible around it."""

from __future__ import annotations

import json
import os
import typing as t
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.action.releases import name_releases
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.secrets import AppSecrets
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.generator import HostOptions
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import Result, Results
from ansible_collections.selfhost.pyapps.plugins.module_utils._releases import step as _release_step
from ansible_collections.selfhost.pyapps.plugins.module_utils._releases.step import Answer, Request, make_releases
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.release_archive import write_archive
from helpers.release_target import catalog_entry

CONFIG = '_create_option("server.baseUrlPath")\n_create_option("server.maxUploadSize")\n'


class Host:
    """A root folder, apps, and the two questions that the action plugin asks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.layout = Layout(str(folder / "root"))
        self.apps: list[dict[str, t.Any]] = []
        self.results: Results = {}
        self.secrets: dict[str, AppSecrets] = {}
        self.seeds: dict[str, dict[str, str]] = {}
        os.makedirs(self.layout.etc)
        self.add_environment("env")

    def add_environment(self, name: str) -> None:
        package = Path(self.layout.envs) / name / "lib" / "python3.13" / "site-packages" / "streamlit"
        package.mkdir(parents=True)
        (package / "config.py").write_text(CONFIG)

    def add(self, name: str, **settings: t.Any) -> None:
        (self.folder / name).mkdir()
        (self.folder / name / "app.py").write_text("1")
        self.apps.append(catalog_entry(name, self.folder / name, **settings))
        self.results[name] = Result(environment="env", streamlit="1.0")
        for part in ("releases", "instances", "data"):
            os.makedirs(os.path.join(self.layout.app(name).path, part))

    def ask(self, archive: str = "", check_mode: bool = False) -> Answer:
        _files, results = name_releases(self.apps, self.results, HostOptions())
        request = Request(self.layout, self.apps, results, HostOptions(), archive, check_mode, self.secrets, self.seeds)
        return make_releases(request)

    def deploy(self) -> Answer:
        files, _results = name_releases(self.apps, self.results, HostOptions())
        missing = self.ask().missing
        archive = str(self.folder / "archive.tar")
        sent = {release.name: files[release.name] for release in missing}
        write_archive(archive, sent, {release.name: release.absent for release in missing})
        return self.ask(archive)

    def releases(self, name: str) -> list[str]:
        return sorted(os.listdir(self.layout.app(name).releases))


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    # Users of apps are made by host_layout; tests/integration has them.
    monkeypatch.setattr(_release_step, "_group", lambda app: None)
    return Host(tmp_path)


def test_a_second_run_misses_nothing(host: Host) -> None:
    """S0-29: second run: nothing changed."""
    host.add("app")
    first = host.deploy()
    assert first.changed == {"app"}
    assert first.results["app"].changed is True
    assert host.releases("app") == [first.results["app"].release]
    again = host.ask()
    assert (again.missing, again.changed, again.results["app"].changed) == ([], set(), False)


def test_one_app_that_changes_moves_no_other(host: Host) -> None:
    host.add("one")
    host.add("two")
    host.deploy()
    (host.folder / "one" / "app.py").write_text("2")
    assert [release.name for release in host.ask().missing] == ["one"]
    assert host.deploy().changed == {"one"}


def test_an_invalid_option_fails_its_app_before_anything_is_sent(host: Host) -> None:
    """S0-24, C-21: and says step, option and version."""
    host.add("bad", streamlit={"config": {"server.maxUploadSizes": 1}})
    host.add("good")
    answer = host.ask()
    assert [release.name for release in answer.missing] == ["good"]
    assert (answer.results["bad"].state, answer.results["bad"].step) == ("failed", "release")
    assert "did you mean server.maxUploadSize?" in answer.results["bad"].reason


def test_options_that_this_streamlit_does_not_know_are_told_at_once_when_they_are_streamlits_own(host: Host) -> None:
    """S0-06: as Streamlit does; a typo in setup.toml is an error."""
    config = {"deprecation.showPyplotGlobalUse": 1, "server.maxUploadSizes": 2, "server.maxUploadSize": 3}
    host.add("app", streamlit={"config": config, "own": ["deprecation.showPyplotGlobalUse", "server.maxUploadSizes"]})
    for answer in (host.deploy(), host.ask()):  # also when nothing is made
        (told,) = answer.results["app"].notices
        file = str(host.folder / "app" / ".streamlit" / "config.toml")
        assert told == file + (
            ": Streamlit 1.0 does not know and ignores "
            "deprecation.showPyplotGlobalUse, server.maxUploadSizes (did you mean server.maxUploadSize?)"
        )
    code = Path(host.layout.app("app").code(answer.results["app"].release or ""))
    text = (code / ".streamlit" / "config.toml").read_text()
    assert "maxUploadSize = 3" in text
    assert "showPyplot" not in text


def test_all_misspelt_options_of_setup_toml_are_told_at_once(host: Host) -> None:
    host.add("app", streamlit={"config": {"server.one": 1, "server.two": 2}})
    reason = host.ask().results["app"].reason
    assert "server.one: Streamlit 1.0 has no such option" in reason
    assert "server.two: Streamlit 1.0 has no such option" in reason


def test_data_that_changes_in_the_folder_is_told_once_and_not_in_check_mode_only(host: Host) -> None:
    host.add("app", data={"paths": ["app.db"]})
    Path(host.layout.app("app").data, "app.db").touch()
    host.seeds = {"app": {"app.db": "one"}}
    assert host.deploy().results["app"].notices == ()
    host.seeds = {"app": {"app.db": "two"}}
    told = [len(host.ask(check_mode=check).results["app"].notices) for check in (True, False, False)]
    assert told == [1, 1, 0]


def test_check_mode_names_the_release_and_makes_none(host: Host) -> None:
    host.add("app")
    os.mkdir(os.path.join(host.layout.app("app").releases, ".part-x"))
    answer = host.ask(check_mode=True)
    assert len(answer.results["app"].release) == 16
    assert answer.changed == {"app"}
    assert host.releases("app") == [".part-x"]


def test_check_mode_says_that_it_does_not_know(host: Host) -> None:
    """An environment that would be built first makes the id unknown."""
    host.add("resolved")
    host.results["resolved"] = replace(host.results["resolved"], environment="not-built-yet")
    host.add("unresolved")
    host.results["unresolved"] = replace(host.results["unresolved"], environment=None)
    answer = host.ask(check_mode=True)
    for name in ("resolved", "unresolved"):
        assert (answer.results[name].release, answer.results[name].changed) == (None, True)
    assert answer.changed == {"resolved", "unresolved"}


def test_a_changed_secret_is_a_new_release_and_the_same_one_is_not(host: Host) -> None:
    """C-11: of this app only."""
    host.add("app")
    host.add("other")
    without = host.deploy()
    host.secrets["app"] = AppSecrets({"KEY": "1"}, "x = 1\n")
    first = host.deploy()
    assert first.changed == {"app"}
    assert host.ask().changed == set()
    host.secrets["app"] = AppSecrets({"KEY": "2"}, "x = 1\n")
    second = host.deploy()
    assert second.changed == {"app"}
    names = {answer.results["app"].release for answer in (without, first, second)}
    assert len(names) == 3
    releases = [Path(host.layout.app("app").release(name)) for name in sorted(names)]
    # What a rollback needs: the name of the same code, to be joined with the secrets of that day.
    contents = {json.loads((release / "release.json").read_text())["content"] for release in releases}
    assert contents == {without.results["app"].release}
    link = Path(host.layout.app("app").release(second.results["app"].release)) / "code" / ".streamlit" / "secrets.toml"
    assert (os.readlink(link), link.read_text()) == ("../../secrets.toml", "x = 1\n")


def test_a_release_that_is_held_gets_its_secrets_back(host: Host) -> None:
    host.add("app")
    host.secrets["app"] = AppSecrets({"KEY": "1"}, "")
    release = host.deploy().results["app"].release
    file = Path(host.layout.app("app").release(release)) / "secret-env.json"
    file.unlink()
    assert host.ask(check_mode=True).changed == {"app"}
    assert not file.exists()
    answer = host.ask()
    assert (answer.missing, answer.changed) == ([], {"app"})
    assert file.read_text() == '{"KEY": "1"}'


def test_check_mode_makes_no_key_and_says_that_it_does_not_know(host: Host) -> None:
    host.add("app")
    host.secrets["app"] = AppSecrets({"KEY": "1"}, "")
    answer = host.ask(check_mode=True)
    assert (answer.results["app"].release, answer.changed) == (None, {"app"})
    assert not os.path.exists(host.layout.secrets_key)


def test_what_a_killed_run_left_is_removed(host: Host) -> None:
    """Killed at any point: only .part- is left, and the next run removes it."""
    host.add("app")
    part = Path(host.layout.app("app").releases) / ".part-0123456789abcdef-00"
    (part / "code").mkdir(parents=True)
    (part / "code").chmod(0o555)
    release = host.deploy().results["app"].release
    assert host.releases("app") == [release]


def test_a_damaged_archive_fails_every_app_that_needed_it(host: Host) -> None:
    host.add("app")
    archive = host.folder / "archive.tar"
    archive.write_bytes(b"x" * 1024)
    answer = host.ask(str(archive))
    assert answer.changed == set()
    assert answer.results["app"].changed is False
    assert "the archive cannot be read" in answer.results["app"].reason
    assert host.releases("app") == []


def test_old_releases_go_when_a_new_one_comes(host: Host) -> None:
    host.add("app", deploy={"keep": 2})
    made = []
    for text in "1234":
        (host.folder / "app" / "app.py").write_text(text)
        answer = host.deploy()
        made.append(answer.results["app"].release)
    assert host.releases("app") == sorted(made[2:])
    assert answer.pruned == {"app": [made[1]]}
    assert answer.left_environments == set()


def test_the_last_release_of_an_environment_says_so_when_it_goes(host: Host) -> None:
    host.add("app", deploy={"keep": 1})
    host.deploy()
    host.add_environment("newer")
    host.results["app"] = replace(host.results["app"], environment="newer")
    assert host.deploy().left_environments == {"env"}


def test_back_to_an_older_release_sends_nothing(host: Host) -> None:
    host.add("app")
    first = host.deploy().results["app"].release
    (host.folder / "app" / "app.py").write_text("2")
    host.deploy()
    (host.folder / "app" / "app.py").write_text("1")
    answer = host.ask()
    assert (answer.missing, answer.results["app"].release) == ([], first)
