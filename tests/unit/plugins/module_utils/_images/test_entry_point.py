# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import getpass
import grp
import json
import os
import shutil
import signal
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy import starter as _starter
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._host import layout as _host_layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._images import (
    entry_point as _container,
    logs as _container_logs,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import (
    history as _release_history,
    instance_state as _instance_state,
    release_store as _release_store,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.releases_held import held_releases

OLD, NEW = "a" * 16, "b" * 16
SETTINGS = {
    "base_path": "/app-1",
    "streamlit": {"entry_file": "app_1.py"},
    "env": {},
    "data": {"paths": ["visitors.db"]},
    "route": {"pinned": True},
}


def release_of_image(layout: Layout, release: str) -> None:
    folder = layout.image_app("app_1").release(release)
    os.makedirs(os.path.join(folder, "code"))
    record = {"kind": "streamlit", "environment": "ab", "assets": None, "settings": SETTINGS}
    Path(folder, "release.json").write_text(json.dumps(record))
    image = {"apps": {"app_1": {"release": release, "port": None, "folder": "App_1"}}, "port_range": "20000-29999"}
    Path(layout.image_record).write_text(json.dumps(image))


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    """What an image holds; whoever runs the tests is the app's user."""
    monkeypatch.setattr(_instance_state, "process_owner", lambda app: (None, os.geteuid()))
    layout = Layout(str(tmp_path / "root"))
    for folder in (layout.apps, layout.image_programs, os.path.join(layout.envs, "ab", "bin")):
        os.makedirs(folder)
    os.makedirs(os.path.dirname(layout.programs))
    os.symlink("../../../run/pyapps/programs", layout.programs)
    Path(layout.image_programs, "pyapps-watcher.conf").write_text("the watcher")
    Path(layout.envs, "ab", "bin", "python").write_text("")
    os.makedirs(layout.image_data("app_1"))
    Path(layout.image_data("app_1"), "visitors.db").write_text("seed")
    os.symlink("../../../apps/app_1/data", layout.image_app("app_1").data)
    release_of_image(layout, OLD)
    return layout


def live(layout: Layout) -> _instance_state.Live:
    found = _instance_state.live_instance(layout.app("app_1"))
    assert found is not None
    assert found.record is not None
    return found


def start(layout: Layout, tmp_path: Path) -> None:
    (tmp_path / "mounted").mkdir(exist_ok=True)
    _container.prepare(layout, str(tmp_path / "mounted"))


def test_the_first_start_makes_an_instance_that_no_image_holds(layout: Layout, tmp_path: Path) -> None:
    """S0-92: record, program, marker and link are there before supervisord begins."""
    start(layout, tmp_path)
    found = live(layout)
    assert found.record is not None
    assert found.record.release == OLD
    assert os.path.exists(layout.program(found.record.program))
    assert os.path.isdir(layout.app("app_1").marker(found.instance, found.port))
    assert os.path.exists(layout.container_mark)
    assert Path(layout.app("app_1").data, "visitors.db").read_text() == "seed"
    assert _release_history.read(layout.app("app_1")).newest_first == [OLD]


def test_the_next_start_keeps_it(layout: Layout, tmp_path: Path) -> None:
    """Open tabs find their instance again after `docker restart`; what the app has written stays."""
    start(layout, tmp_path)
    before = live(layout)
    Path(layout.app("app_1").data, "visitors.db").write_text("written")
    start(layout, tmp_path)
    assert live(layout) == before
    assert Path(layout.app("app_1").data, "visitors.db").read_text() == "written"


def test_another_container_with_the_same_volume_keeps_it_too(layout: Layout, tmp_path: Path) -> None:
    """Program files are in no volume."""
    start(layout, tmp_path)
    before = live(layout)
    shutil.rmtree(layout.run)
    start(layout, tmp_path)
    assert live(layout) == before
    assert os.path.exists(layout.program("app_1." + before.instance))


def test_another_image_brings_its_release(layout: Layout, tmp_path: Path) -> None:
    """The old instance leaves nothing, and the old image's release is held no longer."""
    start(layout, tmp_path)
    before = live(layout)
    shutil.rmtree(layout.image_app("app_1").releases)
    release_of_image(layout, NEW)
    start(layout, tmp_path)
    after = live(layout)
    assert after.record is not None
    assert after.record.release == NEW
    assert after.instance != before.instance
    assert not os.path.exists(layout.app("app_1").instance(before.instance))
    assert not os.path.exists(layout.app("app_1").marker(before.instance, before.port))
    assert os.listdir(layout.app("app_1").releases) == [NEW]


def test_another_image_wins_over_what_could_go_on(layout: Layout, tmp_path: Path) -> None:
    """Who starts a new image wants its release, also where a volume still holds the old one."""
    start(layout, tmp_path)
    release_of_image(layout, NEW)
    start(layout, tmp_path)
    after = live(layout)
    assert after.record is not None
    assert after.record.release == NEW


def test_a_release_that_was_deployed_into_the_container_stays_live(layout: Layout, tmp_path: Path) -> None:
    """As long as the image brings no other one; a release's environment that is gone with a container ends it."""
    start(layout, tmp_path)
    app, found = layout.app("app_1"), live(layout)
    os.makedirs(app.release(NEW))
    record = json.loads(Path(app.release(OLD), "release.json").read_text())
    Path(app.release(NEW), "release.json").write_text(json.dumps({**record, "environment": "cd"}))
    Path(layout.envs, "cd", "bin").mkdir(parents=True)
    Path(layout.envs, "cd", "bin", "python").write_text("")
    text = Path(app.instance(found.instance)).read_text().replace(OLD, NEW)
    Path(app.instance(found.instance)).write_text(text)
    start(layout, tmp_path)
    assert live(layout).instance == found.instance
    shutil.rmtree(os.path.join(layout.envs, "cd"))
    start(layout, tmp_path)
    after = live(layout)
    assert after.record is not None
    assert after.record.release == OLD


def test_what_drained_when_the_container_ended_is_gone(layout: Layout, tmp_path: Path) -> None:
    start(layout, tmp_path)
    app, old = layout.app("app_1"), "0" * 32
    os.makedirs(app.marker(old, 20001))
    Path(layout.program("app_1." + old)).write_text("")
    start(layout, tmp_path)
    assert old not in "".join(os.listdir(app.serving) + os.listdir(layout.programs))


def test_pruning_a_link_leaves_the_images_release(layout: Layout, tmp_path: Path) -> None:
    start(layout, tmp_path)
    app = layout.app("app_1")
    assert held_releases(app) == [OLD]
    os.unlink(app.instance(live(layout).instance))
    assert _release_store.prune(app, 0) == [OLD]
    assert os.path.exists(os.path.join(layout.image_app("app_1").release(OLD), "release.json"))


def test_mounted_secrets_are_copied_for_their_app_alone(tmp_path: Path) -> None:
    """S0-97: secrets come when the container starts; nobody else may read the copy."""
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    (mounted / "app_1.env").write_text("KEY='a b'\n")
    (mounted / "app_1.toml").write_text("token = 'x'\n")
    group = grp.getgrgid(os.getegid()).gr_name
    folder = tmp_path / "run" / "secrets" / "app_1"
    _container.take_secrets(str(mounted), "app_1", str(folder), group)
    assert json.loads((folder / "secret-env.json").read_text()) == {"KEY": "a b"}
    assert (folder / "secrets.toml").read_text() == "token = 'x'\n"
    assert folder.stat().st_mode & 0o777 == 0o750
    assert (folder / "secret-env.json").stat().st_mode & 0o777 == 0o640
    _container.take_secrets(str(mounted), "app_2", str(tmp_path / "app_2"), group)
    assert not (tmp_path / "app_2").exists()


def test_a_damaged_secret_shows_nothing_of_itself(tmp_path: Path) -> None:
    (tmp_path / "app_1.env").write_text("geheim\n")
    with pytest.raises(_container.ContainerError, match="line 1 is not NAME=value") as error:
        _container.take_secrets(str(tmp_path), "app_1", str(tmp_path / "x"), getpass.getuser())
    assert "geheim" not in str(error.value)


def test_what_is_no_image_is_told_in_one_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert _container.main(Layout(str(tmp_path))) == 1
    assert "image.json is missing or damaged" in capfd.readouterr().err


def test_one_app_that_can_not_start_does_not_stop_the_others(
    layout: Layout, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    image = json.loads(Path(layout.image_record).read_text())
    image["apps"]["app_0"] = {"release": "c" * 16, "port": None}
    Path(layout.image_record).write_text(json.dumps(image))
    start(layout, tmp_path)
    assert live(layout)
    assert "app_0 cannot start" in capfd.readouterr().err


def test_a_process_gets_what_the_container_was_given(layout: Layout, tmp_path: Path) -> None:
    """S0-96: as Docker keeps it, quotes and all; who the app is and where its commands are is not the container's."""
    start(layout, tmp_path)
    environ = {
        "HELLO": '"WORLD"',
        "PATH": "/evil",
        "HOME": "/root",
        "SUPERVISOR_ENABLED": "1",
        "PYAPPS_APP": "x",
        "PWD": "/",
    }
    given = _starter._given(layout, environ)
    variables = _starter._environment(layout.app("app_1"), "/env", {"OWN": "1"}, given)
    assert variables["HELLO"] == '"WORLD"'
    assert variables["PATH"].startswith("/env/bin:")
    assert variables["HOME"].endswith("data/.home")
    assert variables["PYAPPS_APP"] == "app_1"
    assert not {"SUPERVISOR_ENABLED", "PWD"} & set(variables)
    os.unlink(layout.container_mark)
    assert _starter._given(layout, environ) == {}


def test_nothing_but_run_log_and_apps_is_written_to(layout: Layout, tmp_path: Path) -> None:
    """A container may have a read-only root: the image's own programs are copied at each start."""
    assert not os.path.exists(layout.programs)
    before = {path: path.lstat().st_mtime_ns for path in Path(layout.etc).rglob("*")}
    start(layout, tmp_path)
    assert {path: path.lstat().st_mtime_ns for path in Path(layout.etc).rglob("*")} == before
    names = sorted(os.listdir(layout.container_programs))
    assert names == ["app_1.%s.conf" % live(layout).instance, "pyapps-watcher.conf"]
    assert Path(layout.program("pyapps-watcher")).read_text() == "the watcher"


def test_a_container_shows_every_log_when_it_is_asked_to(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(_container_logs.VARIABLE, "true")
    start(layout, tmp_path)
    assert "container-logs" in Path(layout.program(_container_logs.PROGRAM)).read_text()
    monkeypatch.delenv(_container_logs.VARIABLE)
    start(layout, tmp_path)
    assert not os.path.exists(layout.program(_container_logs.PROGRAM))


def test_mounted_source_is_run_and_watched(layout: Layout, tmp_path: Path) -> None:
    """The environment, port and configuration stay those of the release; the data folder, too."""
    start(layout, tmp_path)
    instance = live(layout).instance
    assert "--server.runOnSave=true" not in _starter.plan(layout, "app_1", instance).command
    Path(layout.source, "App_1").mkdir(parents=True)
    Path(layout.source, "App_1", "app_1.py").write_text("mounted")
    start(layout, tmp_path)
    begun = _starter.plan(layout, "app_1", live(layout).instance)
    assert Path(begun.folder, "app_1.py").read_text() == "mounted"
    assert {"--server.fileWatcherType=auto", "--server.runOnSave=true"} < set(begun.command)
    assert live(layout).instance == instance
    shutil.rmtree(layout.source)
    start(layout, tmp_path)
    assert "/releases/" in _starter.plan(layout, "app_1", instance).folder


def test_folders_of_an_app_are_those_of_a_host(layout: Layout, tmp_path: Path) -> None:
    start(layout, tmp_path)
    wanted = [folder for folder in _host_layout.folders(layout, ["app_1"], False) if "/app_1" in folder.path]
    assert not _host_layout.missing_folders(wanted, ())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_while_it_prepares_ends_it_at_once(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    """S0-102: unhandled, it would reach no first process."""
    monkeypatch.setattr(_container, "prepare", lambda layout: os.kill(os.getpid(), number))
    before = [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)]
    try:
        with pytest.raises(SystemExit) as ended:
            _container.main(layout)
    finally:
        for each, handler in zip((signal.SIGTERM, signal.SIGINT), before):
            signal.signal(each, handler)
    assert ended.value.code == 0
