# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Data is saved and put back; supervisord and apps are stand-ins, the archives are real."""

from __future__ import annotations

import os
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.backup import (
    BackupError,
    archive_path,
    catalog_path,
    default_folder,
    newest_archive,
    open_archive,
    save_app,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.restore import Restore
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import files
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.lock import host_lock
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.rpc import Supervisor
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import away_page, instance_state
from helpers.stand_in_host import StandInHost


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[StandInHost]:
    """A host with an app that has data."""
    monkeypatch.setattr(instance_state, "process_owner", lambda name: (None, os.geteuid()))
    with StandInHost(tmp_path / "root") as host:
        host.app("one", drain_timeout=3600)
        data(host).mkdir(exist_ok=True)
        (data(host) / "kept").write_text("old")
        yield host


@pytest.fixture
def archive(host: StandInHost, tmp_path: Path) -> str:
    path = str(tmp_path / "one-20261121T000000Z.tar.gz")
    assert save_app(host.layout, "one", path).state == "ok"
    (data(host) / "kept").write_text("new")
    (data(host) / "later").touch()
    return path


def data(host: StandInHost) -> Path:
    return Path(host.layout.app("one").data)


def restore(host: StandInHost, path: str, *, stop: bool = False, daemon: bool = True, wait: float = 5) -> Restore:
    supervisor = Supervisor(host.layout.supervisor_socket) if daemon else None
    return Restore(host.layout, open_archive(path, "one"), supervisor, stop, wait)


def held(host: StandInHost) -> dict[str, str]:
    return {path.name: path.read_text() for path in data(host).iterdir()}


def beside(host: StandInHost) -> list[str]:
    return [name for name in os.listdir(host.layout.app("one").path) if name.startswith("data-")]


def test_a_backup_says_what_is_in_it_and_only_its_maker_can_read_it(host: StandInHost, tmp_path: Path) -> None:
    path = str(tmp_path / "a.tar.gz")
    result = save_app(host.layout, "one", path)
    assert (result.changed, result.archive) == (True, path)
    assert str(result.note).startswith("1 files, 0.0 MB: ")
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert open_archive(path, None).app == "one"


def test_a_backup_that_can_not_be_made_leaves_nothing(host: StandInHost, tmp_path: Path) -> None:
    result = save_app(host.layout, "one", str(tmp_path / "none" / "a.tar.gz"))
    assert (result.state, result.step, result.note) == ("failed", "backup", "nothing done")


def test_names_of_backups_say_of_what_and_when_and_the_newest_is_found(host: StandInHost, tmp_path: Path) -> None:
    folder, moment = str(tmp_path / "backups"), 1795247242.0
    assert default_folder(host.layout) == os.path.join(host.layout.root, "var", "backups", "pyapps")
    assert catalog_path(folder, moment) == folder + "/catalog-20261121T074722Z.json"
    with pytest.raises(BackupError, match="there is no backup of one in"):
        newest_archive(folder, "one")
    os.mkdir(folder)
    for name, seconds in (("one", 0), ("one", 60), ("one-two", 120)):
        Path(archive_path(folder, name, moment + seconds)).touch()
    Path(folder, "one-99999999T999999Z.tar.gz.part").touch()
    assert newest_archive(folder, "one") == folder + "/one-20261121T074822Z.tar.gz"
    with pytest.raises(BackupError):
        newest_archive(folder, "two")


def test_what_is_no_backup_of_this_app_is_refused(host: StandInHost, archive: str, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match=r"holds the data of one, not of two\. Nothing was changed"):
        open_archive(archive, "two")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BackupError, match="is no file"):
        open_archive(str(tmp_path / "pipe"), None)
    with pytest.raises(BackupError, match="No such file"):
        open_archive(str(tmp_path / "none"), None)
    (tmp_path / "text").write_text("text")
    with pytest.raises(BackupError, match="Nothing was changed"):
        open_archive(str(tmp_path / "text"), None)


def test_data_is_what_it_was(host: StandInHost, archive: str) -> None:
    result = restore(host, archive).take()
    assert (result.state, result.changed) == ("ok", True)
    assert str(result.note) == "1 files, 0.0 MB from " + archive
    assert held(host) == {"kept": "old"}
    assert beside(host) == []


def test_a_running_app_is_only_stopped_when_it_may_be(host: StandInHost, archive: str) -> None:
    host.deploy(one=1)
    with pytest.raises(BackupError, match="Run again with -e stop=true"):
        restore(host, archive).refuse_running()
    result = restore(host, archive).take()
    assert (result.state, result.step) == ("failed", "restore")
    assert held(host)["kept"] == "new"
    assert beside(host) == []


def test_an_app_is_stopped_for_it_and_serves_again(host: StandInHost, archive: str) -> None:
    host.deploy(one=1)
    host.deploy(one=2)
    program = host.live("one").program
    away_page.set_down(host.layout, host.layout.app("one"), away_page.DOES_NOT_ANSWER)
    host.daemon.asked.clear()
    restore(host, archive, stop=True).refuse_running()
    result = restore(host, archive, stop=True).take()
    assert result.state == "ok", result.reason
    assert held(host) == {"kept": "old"}
    assert [word for word in host.daemon.asked if word.endswith(program)] == ["stop " + program, "start " + program]
    assert list(host.running) == [program], "what drained would have gone on with the old data"
    assert not os.path.exists(host.layout.app("one").down)


def test_an_app_that_was_stopped_before_stays_so(host: StandInHost, archive: str) -> None:
    host.deploy(one=1)
    program = host.live("one").program
    host._stopped(program)
    host.daemon.runs(program, "STOPPED")
    assert restore(host, archive).program is None
    assert restore(host, archive).take().state == "ok"
    assert host.running == {}
    assert restore(host, archive, daemon=False).program is None


def test_an_app_that_does_not_come_back_keeps_what_it_had_before(
    host: StandInHost, archive: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.restore._START_SECONDS", 0.3)
    host.deploy(one=1)
    host.ill["%016d" % 1] = (500, "")
    result = restore(host, archive, stop=True).take()
    assert "its data is restored, but it does not serve" in str(result.reason)
    assert held(host) == {"kept": "old"}
    (before,) = beside(host)
    assert (Path(host.layout.app("one").path) / before / "kept").read_text() == "new"


def test_a_process_that_does_not_end_keeps_its_data(
    host: StandInHost, archive: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.restore._STOP_SECONDS", 0.2)
    host.deploy(one=1)
    host.daemon.stubborn.add(host.live("one").program)
    host.daemon.on_stop = lambda name: None
    result = restore(host, archive, stop=True).take()
    assert "does not end" in str(result.reason)
    assert held(host)["kept"] == "new"
    assert beside(host) == []


def test_an_app_that_was_made_again_meanwhile_is_left_alone(
    host: StandInHost, archive: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    owners = [(None, os.geteuid()), (None, os.geteuid() + 1)]
    monkeypatch.setattr(instance_state, "process_owner", lambda name: owners.pop(0))
    result = restore(host, archive).take()
    assert "was removed and made again meanwhile" in str(result.reason)
    assert held(host)["kept"] == "new"


def test_another_run_is_waited_for_and_not_for_ever(host: StandInHost, archive: str) -> None:
    begun = time.monotonic()
    with host_lock(host.layout.lock, 1, "deploys"):
        result = restore(host, archive, wait=0.2).take()
    assert result.state == "failed"
    assert "deploys" in str(result.reason)
    assert time.monotonic() - begun < 5
    assert held(host)["kept"] == "new"


def test_a_file_system_that_can_not_exchange_folders_is_no_hindrance(
    host: StandInHost, archive: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "exchange", lambda one, two: False)
    assert restore(host, archive).take().state == "ok"
    assert held(host) == {"kept": "old"}
    assert beside(host) == []
