# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The releases of a target: made whole, kept as long as needed."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
import tomllib
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.secrets import AppSecrets
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import AppLayout
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import (
    history as _release_history,
    release_store as store,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_record import InstanceRecord
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.release_archive import ArchiveError, Unpacking
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.releases_held import held_releases, live_release
from helpers.release_target import catalog_entry

CONFIG, SECRETS = ".streamlit/config.toml", ".streamlit/secrets.toml"


@pytest.fixture
def app(tmp_path: Path) -> AppLayout:
    for name in ("releases", "instances", "serving", "data"):
        (tmp_path / "app" / name).mkdir(parents=True)
    return AppLayout(str(tmp_path / "app"), "app")


def make(app: AppLayout, release: str, *data_paths: str) -> Path:
    part = Unpacking(store.begin(app, release, None))
    record = {"release": release, "settings": catalog_entry("app", Path("/x"), data={"paths": list(data_paths)})}
    (Path(part.folder) / "code" / "app.py").write_text("x")
    (Path(part.folder) / "code" / "app.py").chmod(0o444)
    store.add_generated(part.folder, record, {"app.py": {}}, {CONFIG: "[server]\nport = 1\n"}, None)
    store.complete(part.folder, app, release)
    return Path(app.release(release))


def use(app: AppLayout, release: str, live: bool = False) -> None:
    instance = release * 2
    record = InstanceRecord("app", instance, 20000, release, "2026-11-21T00:00:00Z")
    Path(app.instance(instance)).write_text(record.to_json())
    if live:
        os.symlink("serving/%s.20000" % instance, app.live)


def test_a_release_is_whole_and_read_only(app: AppLayout) -> None:
    release = make(app, "a" * 16)
    assert json.loads((release / "release.json").read_text())["release"] == "a" * 16
    assert tomllib.loads((release / "code" / ".streamlit" / "config.toml").read_text()) == {"server": {"port": 1}}
    assert os.listdir(app.releases) == ["a" * 16]
    writable = [path for path in [release / "code", *release.glob("code/**/*")] if path.stat().st_mode & 0o222]
    assert writable == []


def test_times_belong_to_the_release(app: AppLayout) -> None:
    """The same release has the same times on every host; another one has others, or browsers would keep old files."""
    first, second = make(app, "a" * 16), make(app, "b" * 16)
    times = {path.lstat().st_mtime for path in [first / "code", *(first / "code").rglob("*")]}
    assert len(times) == 1
    assert times != {(second / "code" / "app.py").stat().st_mtime}


@pytest.mark.parametrize("path", ["uploads", "var/deep/app.db"])
def test_data_paths_are_links_into_the_data_folder(app: AppLayout, path: str) -> None:
    release = make(app, "a" * 16, path)
    target = Path(app.data) / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("data")
    assert (release / "code" / path).is_symlink()
    assert (release / "code" / path).read_text() == "data"
    assert not os.path.isabs(os.readlink(release / "code" / path))


def test_a_link_in_place_of_the_configuration_folder_is_refused(app: AppLayout) -> None:
    part = Unpacking(store.begin(app, "a" * 16, None))
    os.symlink("/tmp", os.path.join(part.folder, "code", ".streamlit"))
    with pytest.raises(ArchiveError, match=r"\.streamlit must be a folder"):
        store.add_generated(part.folder, {"settings": catalog_entry("app", Path("/x"))}, {}, {CONFIG: ""}, None)


def test_the_newest_releases_stay_and_those_in_use(app: AppLayout) -> None:
    releases = [digit * 16 for digit in "12345"]
    for release in releases:
        make(app, release)
    use(app, releases[0])
    assert store.prune(app, keep=2) == [releases[2], releases[1]]
    assert held_releases(app) == [releases[4], releases[3], releases[0]]


def test_a_release_that_is_asked_for_again_counts_as_new(app: AppLayout) -> None:
    for digit in "123":
        make(app, digit * 16)
    store.mark_newest(app, "1" * 16)
    assert store.prune(app, keep=1) == ["3" * 16, "2" * 16]


def test_the_order_of_releases_survives_a_clock_that_was_set_back(app: AppLayout) -> None:
    ahead = make(app, "2" * 16)
    later = time.time() + 3600
    os.utime(ahead, (later, later))
    make(app, "1" * 16)
    assert held_releases(app) == ["1" * 16, "2" * 16]


def test_the_newest_release_is_not_touched_again(app: AppLayout) -> None:
    """S0-29: a second run writes nothing."""
    release = make(app, "1" * 16)
    before = release.stat().st_mtime_ns
    store.mark_newest(app, "1" * 16)
    assert release.stat().st_mtime_ns == before


def test_nothing_is_deleted_while_a_record_can_not_be_read(app: AppLayout) -> None:
    for digit in "12":
        make(app, digit * 16)
    Path(app.instance("0" * 32)).write_text("{")
    assert store.prune(app, keep=1) == []


def test_unfinished_work_and_strangers_are_no_releases(app: AppLayout) -> None:
    make(app, "1" * 16)
    store.begin(app, "2" * 16, None)
    os.mkdir(os.path.join(app.releases, "notes"))
    assert held_releases(app) == ["1" * 16]


def test_the_live_release_is_known_by_link_and_record(app: AppLayout) -> None:
    assert live_release(app) is None
    make(app, "1" * 16)
    use(app, "1" * 16, live=True)
    assert live_release(app) == "1" * 16
    assert store.entries_of(app, "1" * 16) == {"app.py": {}}
    assert store.generated_of(app, "1" * 16, CONFIG) == "[server]\nport = 1\n"
    assert store.entries_of(app, "2" * 16) == {}
    assert store.generated_of(app, "2" * 16, CONFIG) is None


def test_releases_that_were_refused_push_out_none_that_was_good(app: AppLayout) -> None:
    """Else a few failed deploys would leave nothing to go back to."""
    good, refused = ["a%015d" % number for number in range(3)], ["b%015d" % number for number in range(3)]
    for release in [*good, *refused]:
        make(app, release)
    moments = dict(zip(good, ("1", "2", "3")))
    _release_history.write(app, _release_history.History(moments), held_releases(app))
    assert store.prune(app, keep=4) == [refused[1], refused[0]]
    assert held_releases(app) == [refused[2], *good[::-1]]


def test_a_copy_with_other_secrets_has_the_same_code_and_leaves_the_first_one_as_it_is(app: AppLayout) -> None:
    """The code is there once; only the names of the release and its secrets differ."""
    part = Unpacking(store.begin(app, "1" * 16, None))
    record = {"release": "1" * 16, "content": "0" * 16, "settings": catalog_entry("app", Path("/x"))}
    folder = Path(part.folder) / "code" / "pages"
    folder.mkdir()
    (folder / "one.py").write_text("x")
    (folder / "link.py").symlink_to("one.py")
    store.add_generated(part.folder, record, {"pages/one.py": {}}, {CONFIG: ""}, None)
    store.add_secrets(part.folder, AppSecrets({"KEY": "old"}, "old = 1"), None, SECRETS)
    (Path(part.folder) / "released-with").write_text("python migrate.py\n")
    store.complete(part.folder, app, "1" * 16)
    first = Path(app.release("1" * 16))
    before = {path: (path.lstat().st_mtime_ns, path.lstat().st_mode) for path in sorted(first.rglob("*"))}

    store.copy_with(app, "1" * 16, "2" * 16, AppSecrets({"KEY": "new"}), None, "0" * 16, {})

    second = Path(app.release("2" * 16))
    assert {path: (path.lstat().st_mtime_ns, path.lstat().st_mode) for path in sorted(first.rglob("*"))} == before
    assert json.loads((second / "release.json").read_text()) == {**record, "release": "2" * 16}
    assert store.entries_of(app, "2" * 16) == {"pages/one.py": {}}
    assert (second / "code" / "pages" / "one.py").samefile(first / "code" / "pages" / "one.py")
    assert os.readlink(second / "code" / "pages" / "link.py") == "one.py"
    assert not (second / "code" / ".streamlit" / "secrets.toml").is_symlink()
    assert (second / "code" / ".env").read_text() == 'KEY="new"\n'
    assert (second / "released-with").read_text() == "python migrate.py\n"
    assert json.loads((second / "secret-env.json").read_text()) == {"KEY": "new"}
    assert [path for path in second.glob("code/**/") if path.stat().st_mode & 0o222] == []
    assert held_releases(app) == ["2" * 16, "1" * 16]
