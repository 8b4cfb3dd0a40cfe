# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An app that may not run twice is restarted in place, behind a real front: ``[deploy] strategy = "restart"``.

The app holds a lock while it runs, as one with an embedded database does: a second process of it cannot start.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy import restart_in_place as _restart_in_place
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.run import Preview
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.listeners import listener
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.system_python import system_python
from helpers.fronts import Front
from helpers.serving_host import ServingHost
from helpers.streamlit_session import session
from helpers.supervisord import wait_for

GOOD = "import streamlit as st\nst.write('good')\n"
SINGLE = """\
import fcntl, os
import streamlit as st
@st.cache_resource
def database():
    file = open(os.environ["PYAPPS_DATA_DIR"] + "/database", "a+")
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return file
database()
st.write('%s')
"""
WAITS = """\
import fcntl, os, pathlib, time
place = pathlib.Path(os.environ["PYAPPS_DATA_DIR"])
fcntl.flock(open(place / "database", "a+"), fcntl.LOCK_EX | fcntl.LOCK_NB)
(place / "away").touch()
while not (place / "go").exists():
    time.sleep(0.05)
"""

Result = dict[str, t.Any]


@pytest.fixture(name="host")
def _host(serving_host: ServingHost) -> ServingHost:
    return serving_host


def single(host: ServingHost, short: str, **wants: t.Any) -> str:
    """An app that may not run twice, and runs; its name.

    :param wants: keys of ``[deploy]`` from its next release on
    """
    name = host.add_app(short)
    host.apps[name]["deploy"] = {**host.apps[name]["deploy"], "strategy": "restart", "drain_timeout": 3600}
    host.release(name, SINGLE % "first")
    result = host.deploy().results[name]
    assert result["note"] == "live", result
    host.apps[name]["deploy"].update(wants)
    return name


def health(front: Front, base: str) -> tuple[int, bytes]:
    answer = front.ask(base + "/_stcore/health")
    return answer.status, answer.body


def running(host: ServingHost, name: str) -> list[int]:
    """The pids of an app's processes."""
    return [process.pid for key, process in host.supervisor.processes().items() if name in key and process.pid]


def test_people_see_the_page_of_an_app_that_is_away_and_no_other_app_is_touched(host: ServingHost) -> None:
    """C-09: 503 and the friendly page in the gap; the app's lock is free for its migration and for the new process."""
    other = host.add_app("other")
    host.release(other, GOOD)
    name = single(host, "single", release_command="python wait.py")
    place = Path(host.layout.app(name).data)
    before, old = host.seen(other), running(host, name)
    shown = {"owner": {"name": ""}, "gallery": {"listed": True}}
    apps = [{**entry, **shown} for entry in host.apps.values()]
    front = Front("nginx", apps, root=Path(host.root)).start()
    try:
        with session("http://127.0.0.1:%d/other/" % front.port) as visitor:
            assert health(front, "/single") == health(front, "/other") == (200, b"ok")
            host.release(name, SINGLE % "second", files={"wait.py": WAITS})
            outcome: list[Result] = []
            deploy = threading.Thread(target=lambda: outcome.append(host.deploy().results))
            deploy.start()
            try:
                wait_for((place / "away").exists, 60, "the release command runs")
                assert running(host, name) == []
                for path in ("/single/", "/single/_stcore/health"):
                    answer = front.ask(path)
                    assert (answer.status, "html" in answer.text.lower()) == (503, True)
                    assert "no-store" in answer.headers["cache-control"]
                assert health(front, "/other") == (200, b"ok")
                assert front.ask("/other/").status == 200
            finally:
                (place / "go").touch()
                deploy.join(120)
            result = outcome[0][name]
            assert (result["note"], result["draining"]) == ("live", 0), result
            assert health(front, "/single") == (200, b"ok")
            assert front.ask("/single/").status == 200
            assert len(running(host, name)) == 1
            assert "down" not in host.seen(name)["others"]
            assert running(host, name) != old
            assert visitor.is_open()
    finally:
        front.close()
    assert host.seen(other) == before
    assert not host.deploy().changed


@pytest.mark.parametrize("breaks", ["script", "release_command"])
def test_the_old_one_is_started_again_when_the_new_one_fails(host: ServingHost, breaks: str) -> None:
    """C-09, S0-24: the same release, instance and port as before; the failure is told."""
    name = single(host, "fails")
    before = host.seen(name)
    if breaks == "script":
        host.release(name, SINGLE % "broken" + "raise ValueError('no such table')\n")
    else:
        host.apps[name]["deploy"]["release_command"] = "python -c 'raise SystemExit(\"no such table\")'"
        host.release(name, SINGLE % "second")
    result = host.deploy().results[name]
    assert (result["step"], result["note"]) == (breaks, "kept (old release serves)"), result
    assert "no such table" in result["reason"]
    after = host.seen(name)
    assert {**after, "processes": {}} == {**before, "processes": {}}
    assert list(after["processes"]) == list(before["processes"])
    assert after["processes"] != before["processes"]
    assert "down" not in after["others"]


def test_a_test_that_fails_takes_nothing_away(host: ServingHost) -> None:
    """C-09: it runs while the old one still serves."""
    name = single(host, "tested", test="python -c 'raise SystemExit(1)'")
    before = host.seen(name)
    host.release(name, SINGLE % "second")
    assert host.deploy().results[name]["step"] == "test"
    assert host.seen(name) == before


def test_what_still_drains_or_is_tried_out_ends_before_the_first_restart_in_place(host: ServingHost) -> None:
    """C-09: also when an app is told only now that it may not run twice."""
    name = host.add_app("changed")
    host.apps[name]["deploy"].update(drain_timeout=3600, preview_timeout=3600)
    host.release(name, GOOD)
    first = host.deploy().results[name]
    with session("http://127.0.0.1:%d/changed/" % first["port"]):
        host.release(name, GOOD + "# 2\n")
        assert host.deploy().results[name]["draining"] == 1
        host.release(name, GOOD + "# tried\n")
        tried = host.deploy(preview=Preview()).results[name]
        assert tried["state"] == "ok", (tried["step"], tried["reason"], tried["log"])
        assert len(running(host, name)) == 3
        host.apps[name]["deploy"].update(strategy="restart", release_command="true")
        host.release(name, GOOD + "# 3\n")
        in_the_gap: list[list[int]] = []

        def say(line: str) -> None:
            if line.endswith("runs true"):
                in_the_gap.append(running(host, name))

        result = host.deploy(say=say).results[name]
    assert in_the_gap == [[]]
    assert (result["note"], result["draining"], len(running(host, name))) == ("live", 0, 1)


@pytest.mark.parametrize("who", ["watcher", "run"])
def test_a_run_killed_in_the_gap_is_repaired(host: ServingHost, who: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """C-09: by the watcher without anybody's hand, or by the next run; never are there two processes."""
    name = single(host, "gap")
    live = host.seen(name)["live"]
    port = int(live.rpartition(".")[2])
    host.release(name, GOOD)
    child = os.fork()
    if child == 0:
        monkeypatch.setattr(
            "ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.gate._prove_health", _kill_myself
        )
        try:
            host.deploy()
        finally:
            os._exit(1)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    assert (host.seen(name)["live"], listener(port)) == (live, None)
    assert _restart_in_place.was_cut_off(host.layout.app(name))
    assert len(running(host, name)) == 1, "what should have replaced it"
    if who == "run":
        assert host.deploy().results[name]["note"] == "live"
        assert host.seen(name)["live"] != live
    else:
        watcher = subprocess.Popen([system_python(), "-I", host.layout.zipapp, "watch", host.layout.root])
        try:
            wait_for(lambda: listener(port), 60, "the old process listens again")
            wait_for(lambda: not os.path.exists(host.layout.app(name).down), 60, "the flag is gone")
        finally:
            watcher.kill()
            watcher.wait(20)
        assert host.seen(name)["live"] == live
    assert len(running(host, name)) == 1
    assert "down" not in host.seen(name)["others"]


def _kill_myself(*_arguments: t.Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)
