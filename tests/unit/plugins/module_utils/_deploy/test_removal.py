# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes with an app, and whose processes end with it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.removal import (
    Remains,
    RemovalError,
    find_remains,
    processes_of,
    remove_app,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.rpc import Supervisor
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import instance_state
from helpers.stand_in_host import StandInHost

CONTAINER = ["unshare", "--map-root-user", "--pid", "--fork", "--kill-child"]


@contextlib.contextmanager
def running(*command: str) -> t.Iterator[int]:
    """A process, by its number."""
    with subprocess.Popen(command) as process:
        try:
            yield process.pid
        finally:
            process.kill()


def child_of(pid: int) -> int:
    """The first child, as soon as there is one."""
    children = Path("/proc/%d/task/%d/children" % (pid, pid))
    end = time.monotonic() + 20
    while not (found := children.read_text().split()):
        assert time.monotonic() < end, "no child"
    return int(found[0])


def test_a_process_in_a_container_is_not_of_the_user_with_the_same_number() -> None:
    """S0-30: a host's app may have the uid that a database has in somebody's container; it must not be killed."""
    with running("sleep", "60") as ours, running(*CONTAINER, "sleep", "60") as container:
        inside = child_of(container)
        assert os.stat("/proc/%d" % inside).st_uid == os.geteuid()
        found = processes_of(os.geteuid())
        assert ours in found
        assert inside not in found


def test_processes_of_other_users_are_not_found() -> None:
    with running("sleep", "60") as ours:
        assert ours not in processes_of(os.geteuid() + 1)


# -- What goes with an app


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[StandInHost]:
    """A host with two apps, one of which drains an old release."""
    monkeypatch.setattr(instance_state, "process_owner", lambda name: (None, os.geteuid()))
    with StandInHost(tmp_path) as host:
        for name in ("one", "one-two"):
            host.app(name, drain_timeout=3600)
        host.deploy(**{"one": 1, "one-two": 1})
        host.deploy(one=2)
        (Path(host.layout.app("one").data) / "kept").touch()
        yield host


def found(host: StandInHost, delete_data: bool = False) -> Remains:
    return find_remains(host.layout, "one", host.daemon.processes, delete_data)


def remove(host: StandInHost, remains: Remains, supervisor: bool = True) -> None:
    asks = Supervisor(host.layout.supervisor_socket) if supervisor else None
    remove_app(host.layout, "one", remains, asks, lambda command: (1, "", "no command is needed"))


def test_an_app_goes_with_all_its_instances_and_keeps_its_data_closed(host: StandInHost) -> None:
    other = host.live("one-two")
    logs = Path(host.layout.log)
    for name in ("one.out.log", "one.err.log.1", "one-two.out.log", "one.txt"):
        with contextlib.suppress(FileExistsError):
            (logs / name).touch(exist_ok=False)
    remains = found(host)
    assert len(remains.instances) == 2
    assert remains.data == "close"
    assert remains.listing().count("instance ") == 2
    assert "data folder, to close" in remains.listing()
    remove(host, remains)
    app = host.layout.app("one")
    assert os.listdir(app.path) == ["data"]
    assert os.listdir(app.data) == ["kept"]
    assert os.stat(app.data).st_mode & 0o777 == 0o700
    assert list(host.running) == [other.program]
    assert host.live("one-two") == other
    assert {name for name in os.listdir(logs) if name.startswith(("one.", "one-two.out.log"))} >= {"one.txt"}
    assert not (logs / "one.err.log.1").exists()
    assert not found(host)


def test_the_data_goes_when_it_is_asked_for(host: StandInHost) -> None:
    remove(host, found(host))
    remains = found(host, delete_data=True)
    assert (remains.data, bool(remains)) == ("delete", True)
    remove(host, remains)
    assert not os.path.lexists(host.layout.app("one").path)
    assert not found(host, delete_data=True)


def test_without_a_daemon_there_are_no_processes_either(host: StandInHost) -> None:
    host.daemon.asked.clear()
    remove(host, found(host), supervisor=False)
    assert host.daemon.asked == []
    assert os.listdir(host.layout.app("one").path) == ["data"]


@pytest.mark.parametrize("name", ["..", "a/b", "", "One", "one-", "-one"])
def test_a_name_that_no_app_can_have_is_refused(host: StandInHost, name: str) -> None:
    with pytest.raises(RemovalError, match="is not the name of an app"):
        find_remains(host.layout, name, [], delete_data=True)


@pytest.mark.parametrize(
    "remains", [Remains(["x"]), Remains(paths=["/x"]), Remains(user="app-x"), Remains(data="close")]
)
def test_anything_that_is_left_is_something_to_remove(remains: Remains) -> None:
    assert remains
    assert remains.listing()
    assert not Remains()
    assert not Remains(stranger="somebody else's account")
