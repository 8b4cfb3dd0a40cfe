# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Old instances stay for the sessions that are open on them: real Streamlit, real supervisord, the real watcher."""

from __future__ import annotations

import contextlib
import os
import signal
import typing as t

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy import turn as _app_turn
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.status import host_status
from ansible_collections.selfhost.pyapps.plugins.module_utils._entry.watcher import Watcher
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import listeners as _listeners
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import drain as _drain
from helpers.serving_host import ServingHost
from helpers.streamlit_session import Session, session
from helpers.supervisord import wait_for

SCRIPT = "import streamlit as st\nst.write('version %d')\n"
PATIENT = {"keep": 5, "start_timeout": 60, "drain_timeout": 3600, "idle_time": 1, "max_draining": 2}

Result = dict[str, t.Any]


@pytest.fixture(name="host")
def _host(serving_host: ServingHost) -> ServingHost:
    return serving_host


def deploy(host: ServingHost, name: str, version: int, streamlit: str = "1.67.0") -> Result:
    host.release(name, SCRIPT % version, streamlit)
    result = host.deploy().results[name]
    assert (result["state"], result["note"]) == ("ok", "live"), result
    return result


def visit(host: ServingHost, name: str, result: Result) -> t.ContextManager[Session]:
    """A session that is open on an instance, until the block ends."""
    return session("http://127.0.0.1:%d%s/" % (result["port"], host.apps[name]["base_path"]))


def drains(host: ServingHost, name: str) -> list[str]:
    return [record.instance for record in _drain.draining(host.layout.app(name))]


@pytest.mark.parametrize("streamlit", ["1.41.1", "1.67.0"])
def test_an_old_instance_stays_for_its_session_and_ends_after_it(host: ServingHost, streamlit: str) -> None:
    """C-09: the session's process is the same one, reachable as before; 1.41 does not count its sessions itself."""
    name = host.add_app("stay", deploy=PATIENT)
    first = deploy(host, name, 1, streamlit)
    pid = host.seen(name)["processes"]["%s.%s" % (name, first["instance"])]
    look = Watcher(host.layout)
    with visit(host, name, first) as visitor:
        second = deploy(host, name, 2, streamlit)
        assert second["draining"] == 1
        assert os.path.isdir(host.layout.app(name).marker(first["instance"], first["port"]))
        assert host.seen(name)["processes"]["%s.%s" % (name, first["instance"])] == pid
        status = host_status(host.layout)[0][name]
        assert [(other["instance"], other["sessions"]) for other in status["others"]] == [(first["instance"], 1)]
        assert status["others"][0]["drain_until"] > "2026"
        again = host.deploy()
        assert (again.changed, again.results[name]["note"], again.results[name]["draining"]) == (False, "unchanged", 1)
        for _moment in range(3):
            look.watch_drains()
        assert visitor.is_open()
        assert drains(host, name) == [first["instance"]]

    def retired() -> bool:
        look.watch_drains()
        return drains(host, name) == []

    wait_for(retired, 20, "the old instance is retired")
    seen = host.seen(name)
    assert list(seen["processes"]) == ["%s.%s" % (name, second["instance"])]
    assert seen["serving"] == ["%s.%d" % (second["instance"], second["port"])]
    assert _listeners.listener(first["port"]) is None


def test_at_most_so_many_drain_and_the_oldest_ends_first(host: ServingHost) -> None:
    said: list[str] = []
    name = host.add_app("many", deploy=PATIENT)
    with contextlib.ExitStack() as visitors:
        results, sessions = [], []
        for version in range(4):
            host.release(name, SCRIPT % version)
            results.append(host.deploy(say=said.append).results[name])
            sessions.append(visitors.enter_context(visit(host, name, results[-1])))
        assert drains(host, name) == [results[1]["instance"], results[2]["instance"]]
        assert [visitor.is_open() for visitor in sessions] == [False, True, True, True]
    assert any("and with it 1 session: more than max_draining" in line for line in said)
    # Before a deploy that ends sessions their number is told: in the table of the run before, and when it begins.
    risks = [(result["ends_sessions"], result["next_ends_sessions"]) for result in results]
    assert risks == [(0, 0), (0, 0), (0, 1), (1, 0)]
    assert "%s: going live will end 1 session" % name in said


def test_a_time_that_is_over_ends_an_open_session_by_watcher_or_run(host: ServingHost) -> None:
    name = host.add_app("over", deploy=PATIENT)
    app = host.layout.app(name)
    first = deploy(host, name, 1)
    with visit(host, name, first) as visitor:
        deploy(host, name, 2)
        _drain.begin(app, _drain.draining(app)[0], 0)
        Watcher(host.layout).watch_drains()
        assert drains(host, name) == []
        assert not visitor.is_open()
    second = host.deploy().results[name]
    with visit(host, name, second):
        deploy(host, name, 3)
        _drain.begin(app, _drain.draining(app)[0], 0)
        outcome = host.deploy()
    assert (outcome.changed, outcome.results[name]["draining"]) == (True, 0)


@pytest.mark.parametrize("patience", [0, 3600])
def test_what_did_not_serve_well_does_not_drain(host: ServingHost, patience: int) -> None:
    """Nothing drains with drain_timeout = 0, and no process that was stopped drains with any."""
    name = host.add_app("ill", deploy={**PATIENT, "drain_timeout": patience})
    first = deploy(host, name, 1)
    if patience:
        host.supervisor.stop("%s.%s" % (name, first["instance"]), 20)
    assert deploy(host, name, 2)["draining"] == 0


def test_a_drain_that_has_died_ends_with_the_next_run(host: ServingHost) -> None:
    name = host.add_app("died", deploy=PATIENT)
    first = deploy(host, name, 1)
    with visit(host, name, first):
        deploy(host, name, 2)
        host.supervisor.stop("%s.%s" % (name, first["instance"]), 20)
    outcome = host.deploy()
    assert (outcome.changed, outcome.results[name]["note"], drains(host, name)) == (True, "unchanged", [])


def test_a_run_killed_between_the_time_and_the_switch_leaves_the_live_one(
    host: ServingHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C-09: the live instance's record has a time then, which means nothing while it is live."""
    name = host.add_app("cut", deploy=PATIENT)
    first = deploy(host, name, 1)
    host.release(name, SCRIPT % 2)
    child = os.fork()
    if child == 0:
        monkeypatch.setattr(_app_turn._serving, "switch", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
        host.deploy()
        os._exit(1)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    look = Watcher(host.layout)
    look.watch_drains()
    assert host.seen(name)["live"] == "serving/%s.%d" % (first["instance"], first["port"])
    result = host.deploy().results[name]
    assert (result["note"], result["draining"]) == ("live", 1)
    assert drains(host, name) == [first["instance"]]
