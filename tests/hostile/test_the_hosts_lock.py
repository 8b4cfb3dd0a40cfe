# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An app stops the process that works on its data with its rights, as it may: nobody else waits for that."""

from __future__ import annotations

import json
import os
import pwd
import queue
import signal
import tempfile
import threading
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import as_user as _as_user
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.lock import LockedError, host_lock
from ansible_collections.selfhost.pyapps.plugins.module_utils._releases import data_seed as _data_seed
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import instance_state as _instance_state
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.data_save import save
from ansible_collections.selfhost.pyapps.plugins.modules import app_backup, app_restore
from helpers.attacks import record
from helpers.modules import run_module

APP_USER = pwd.getpwnam("games")


@pytest.fixture
def layout(monkeypatch: pytest.MonkeyPatch) -> t.Iterator[Layout]:
    """A host with one app, whose user is ``games``, and a backup of it."""
    with tempfile.TemporaryDirectory(prefix="pyapps-hostile-") as root:
        os.chmod(root, 0o755)
        found = Layout(root)
        app, backups = found.app("app_1"), Path(root, "var", "backups", "pyapps")
        for folder in (app.releases, app.data, found.log, found.etc, found.run, str(backups)):
            os.makedirs(folder)
        os.chown(app.data, APP_USER.pw_uid, APP_USER.pw_gid)
        Path(app.data, "file").write_text("saved")
        catalog = {"source": "me", "url": "http://localhost", "apps": [{"name": "app_1", "base_path": "/app-1"}]}
        Path(found.catalog).write_text(json.dumps(catalog))
        with (backups / "app_1-20260101T000000Z.tar.gz").open("wb") as archive:
            save(app.data, {"app": "app_1"}, archive)
        owner = (APP_USER.pw_name, APP_USER.pw_uid)
        monkeypatch.setattr(_instance_state, "process_owner", lambda _app: owner)
        yield found


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> queue.Queue[int]:
    """The children that work with the app's rights, each stopped as soon as it is there."""
    found: queue.Queue[int] = queue.Queue()
    fork = os.fork

    def stopped() -> int:
        child = fork()
        if child:
            os.kill(child, signal.SIGSTOP)
            found.put(child)
        return child

    monkeypatch.setattr(_as_user.os, "fork", stopped)
    return found


@pytest.mark.parametrize("module", [app_backup, app_restore], ids=["backup", "restore"])
def test_the_hosts_lock_is_free_while_data_is_read_or_unpacked(
    layout: Layout, children: queue.Queue[int], module: t.Any
) -> None:
    answers: list[dict[str, t.Any]] = []
    run = threading.Thread(target=lambda: answers.append(run_module(module, root=layout.root, app=["app_1"])))
    run.start()
    child = children.get(timeout=60)
    through = []
    try:
        with host_lock(layout.lock, 0, "deploys another app"):
            pass
    except LockedError as error:
        through.append(str(error))
    finally:
        os.kill(child, signal.SIGCONT)
        run.join()
    assert answers[0]["app_results"]["app_1"]["state"] == "ok", answers[0]
    assert Path(layout.app("app_1").data, "file").read_text() == "saved"
    record("home", "%s that an app holds up" % module.__name__.rpartition(".")[2], 1, through)


def test_a_first_copy_of_data_that_an_app_holds_up_ends(
    layout: Layout, children: queue.Queue[int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The lock is held while it is made, so it has the time that its size needs."""
    monkeypatch.setattr(_data_seed, "_SECONDS", 1)
    initial = tmp_path / "initial"
    (initial / "uploads").mkdir(parents=True)
    with pytest.raises(_data_seed.SeedError, match="ended with status"):
        _data_seed.fill_data(layout.app("app_1").data, ["uploads"], str(initial), APP_USER.pw_name)
    assert children.get(timeout=1)
    record("home", "a first copy of data that an app holds up", 1, [])
