# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules status_info and app_removal say and do on a host with real processes."""

from __future__ import annotations

import os
import pwd
import signal
import socket
import stat
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import listeners as _listeners
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import app_user
from ansible_collections.selfhost.pyapps.plugins.modules import app_logs, app_removal, instances, status_info
from helpers.modules import run_module
from helpers.serving_host import ServingHost
from helpers.supervisord import wait_for

GOOD = "import streamlit as st\nst.write('good')\n"


@pytest.fixture
def app(serving_host: ServingHost) -> str:
    """An app that serves and has stored something."""
    name = serving_host.add_app("served")
    serving_host.release(name, GOOD)
    assert serving_host.deploy().results[name]["note"] == "live"
    (Path(serving_host.layout.app(name).data) / "stored.txt").write_text("precious")
    return name


def status(host: ServingHost, name: str) -> dict[str, t.Any]:
    answer = run_module(status_info, root=str(host.root))
    assert answer["changed"] is False
    return t.cast(dict[str, t.Any], answer["apps"][name])


def remove(host: ServingHost, name: str, **arguments: t.Any) -> dict[str, t.Any]:
    return run_module(app_removal, root=str(host.root), names=[name], **arguments)


def test_the_status_of_a_healthy_app_tells_release_port_process_and_memory(serving_host: ServingHost, app: str) -> None:
    """S0-101: state, pid, uptime and more of the live instance, under the app's name."""
    found = status(serving_host, app)
    assert found["healthy"] is True, found["problem"]
    assert found["release"] == serving_host.wanted[app]["release"]
    assert found["streamlit"] == "1.67.0"
    assert found["state"] in ("STARTING", "RUNNING")
    assert found["pid"] == getattr(_listeners.listener(found["port"]), "pid", None)
    assert 30 < found["pss_mb"] <= found["rss_mb"] < 600
    assert (found["down"], found["others"]) == (False, [])


def test_a_write_that_is_refused_later_is_in_log_and_status(serving_host: ServingHost, app: str) -> None:
    """S0-24: the file and the line to write, without a deploy."""
    assert status(serving_host, app)["advice"] is None
    script = GOOD + "import threading\nthreading.Timer(1, open, ['usage.json', 'w']).start()\n"
    serving_host.release(app, script)
    assert serving_host.deploy().results[app]["note"] == "live"
    told = wait_for(lambda: status(serving_host, app)["advice"], 10, "the refused write in the status")
    assert told.endswith('Write into setup.toml: [data] paths = ["usage.json"]')
    logs = run_module(app_logs, root=str(serving_host.root), app=[app])["logs"]
    assert [log["advice"] for log in logs] == [None, told]


def test_a_crash_loop_is_unhealthy_whatever_supervisor_calls_it(serving_host: ServingHost, app: str) -> None:
    """X14, S0-47: an app that dies again and again is unhealthy at every look, also while supervisor says RUNNING."""
    live = status(serving_host, app)
    release = Path(serving_host.layout.app(app).release(live["release"]))
    (release / "code" / "app.py").rename(release / "code" / "gone.py")
    os.kill(live["pid"], signal.SIGKILL)
    pids = set()

    def died_three_times() -> bool:
        found = status(serving_host, app)
        pids.add(found["pid"])
        assert found["healthy"] is False
        assert found["problem"]
        return len(pids - {None, live["pid"]}) == 3

    wait_for(died_three_times, 120, "three deaths")


def test_a_stranger_on_the_live_port_is_not_the_app(serving_host: ServingHost, app: str) -> None:
    """C-20: an app whose port somebody else has is not healthy because that one answers."""
    live = status(serving_host, app)
    assert serving_host.supervisor.stop("%s.%s" % (app, live["instance"]), 30)
    with socket.create_server(("127.0.0.1", live["port"])):
        assert status(serving_host, app)["problem"].startswith("STOPPED")
        (Path(serving_host.layout.app(app).instances) / (live["instance"] + ".json")).unlink()
        assert status(serving_host, app)["problem"] == "its record is missing"


def test_a_daemon_that_is_down_is_another_answer_than_an_app_that_is_down(serving_host: ServingHost, app: str) -> None:
    serving_host.daemon.kill()
    answer = run_module(status_info, root=str(serving_host.root))
    assert "supervisord was killed" in answer["daemon_problem"]
    assert answer["apps"][app]["state"] == "UNKNOWN"
    refused = run_module(
        instances, root=str(serving_host.root), apps=list(serving_host.apps.values()), results=serving_host.wanted
    )
    assert "Start the daemon" in refused["msg"]
    serving_host.daemon.start()


def test_a_removed_app_leaves_only_its_data(serving_host: ServingHost, app: str) -> None:
    """C-20, S0-101: no process, marker, program, release, log or user stays; the data is root's and closed."""
    layout, live = serving_host.layout, status(serving_host, app)
    other = serving_host.add_app("other")
    serving_host.release(other, GOOD)
    before_others = serving_host.deploy().results[other]
    before = serving_host.seen(app)
    planned = remove(serving_host, app, check=True)
    assert (planned["changed"], planned["removed"]) == (True, [app])
    assert serving_host.seen(app) == before

    escaped = subprocess.Popen(["/bin/sleep", "600"], start_new_session=True, **serving_host.as_user_of(app))
    done = remove(serving_host, app)
    if os.geteuid() == 0:  # without root an app's processes cannot be told from other people's
        assert escaped.wait(10) == -signal.SIGKILL
    escaped.kill()
    escaped.wait()
    assert (done["removed"], done["kept_data"]) == ([app], [layout.app(app).data])
    assert done["diff"] == planned["diff"]
    assert os.listdir(layout.app(app).path) == ["data"]
    assert [name for name in os.listdir(layout.programs) + os.listdir(layout.log) if app in name] == []
    assert _listeners.listener(live["port"]) is None
    data = os.stat(layout.app(app).data)
    assert (data.st_uid, stat.S_IMODE(data.st_mode)) == (os.geteuid(), 0o700)
    assert (Path(layout.app(app).data) / "stored.txt").read_text() == "precious"
    if os.geteuid() == 0:
        serving_host.users.remove(app_user(app))
        assert app_user(app) not in [entry.pw_name for entry in pwd.getpwall()]
    assert app not in run_module(status_info, root=str(serving_host.root))["apps"]
    assert status(serving_host, other)["instance"] == before_others["instance"]
    assert status(serving_host, other)["healthy"] is True
    again = remove(serving_host, app)
    assert (again["changed"], again["removed"]) == (False, [])


def test_data_is_deleted_only_when_asked_for(serving_host: ServingHost, app: str) -> None:
    layout = serving_host.layout
    outside = serving_host.root / "outside"
    outside.mkdir()
    (outside / "kept.txt").write_text("kept")
    (Path(layout.app(app).data) / "link").symlink_to(outside)
    assert remove(serving_host, app, delete_data=True)["changed"]
    serving_host.users = [user for user in serving_host.users if user != app_user(app)]
    assert not os.path.lexists(layout.app(app).path)
    assert (outside / "kept.txt").exists()
    assert not remove(serving_host, app, delete_data=True)["changed"]


@pytest.mark.parametrize("name", ["..", "a/b", "", "A", "-a"])
def test_a_name_that_no_app_can_have_is_refused(serving_host: ServingHost, name: str) -> None:
    answer = remove(serving_host, name, delete_data=True)
    assert answer["failed"]
    assert "is not the name of an app" in answer["msg"]
