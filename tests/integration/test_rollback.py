# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Going back to an earlier release, with a real supervisord and real Streamlit; no playbook is needed for that."""

from __future__ import annotations

import os
import typing as t

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy import (
    instances as _instances,
    rollback as _rollback,
    run as _deploy_run,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.lock import host_lock
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import as_dicts
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import drain as _drain
from helpers.serving_host import ServingHost
from helpers.streamlit_session import Session, session

SCRIPT = "import streamlit as st\nst.write('version %d')\n"
PATIENT = {"keep": 5, "start_timeout": 60, "drain_timeout": 3600, "max_draining": 2}

Result = dict[str, t.Any]


@pytest.fixture(name="host")
def _host(serving_host: ServingHost) -> ServingHost:
    return serving_host


def deploy(host: ServingHost, name: str, version: int) -> Result:
    host.release(name, SCRIPT % version)
    result = host.deploy().results[name]
    assert (result["state"], result["note"]) == ("ok", "live"), result
    return result


def back(host: ServingHost, *names: str, release: str = "", **options: t.Any) -> dict[str, Result]:
    """Roll apps back, as the module does."""
    run = host.run(rollback=True, **options)
    _rollback.check_request(host.layout, names, names, release)
    with host_lock(host.layout.lock, 60, "tests"):
        prepared = _rollback.prepare(host.layout, names, release, host.apps.values(), "", run.check_mode)
        return as_dicts(_instances.deploy(run, *prepared).results)


def visit(host: ServingHost, name: str, result: Result) -> t.ContextManager[Session]:
    return session("http://127.0.0.1:%d%s/" % (result["port"], host.apps[name]["base_path"]))


def drains(host: ServingHost, name: str) -> list[str]:
    return [record.instance for record in _drain.draining(host.layout.app(name))]


def test_an_old_instance_that_still_drains_is_made_live_again_without_a_start(host: ServingHost) -> None:
    """C-09, S1-30: the same process, its session goes on, and what was live drains for its own sessions."""
    name = host.add_app("return", deploy=PATIENT)
    first = deploy(host, name, 1)
    process = host.seen(name)["processes"]["%s.%s" % (name, first["instance"])]
    with visit(host, name, first) as early:
        second = deploy(host, name, 2)
        with visit(host, name, second) as late:
            before = host.seen(name)
            predicted = back(host, name, check_mode=True)[name]
            assert (predicted["release"], predicted["changed"], host.seen(name)) == (first["release"], True, before)
            result = back(host, name)[name]
            assert (result["state"], result["instance"], result["draining"]) == ("ok", first["instance"], 1)
            assert result["start_seconds"] is None
            assert result["switch_seconds"] is not None
            assert host.seen(name)["processes"]["%s.%s" % (name, first["instance"])] == process
            assert host.seen(name)["live"] == "serving/%s.%d" % (first["instance"], first["port"])
            assert drains(host, name) == [second["instance"]]
            assert (early.is_open(), late.is_open()) == (True, True)
            again = back(host, name, release=first["release"])[name]
            assert (again["note"], again["changed"]) == ("unchanged", False)
            forward = back(host, name, release=second["release"])[name]
            assert (forward["instance"], drains(host, name)) == (second["instance"], [first["instance"]])
            assert (early.is_open(), late.is_open()) == (True, True)


def test_a_release_that_does_not_run_any_more_starts_and_proves_itself(host: ServingHost) -> None:
    """S1-30: several apps in one run; the one without an earlier release is told, and stops no other."""
    old, new = host.add_app("old"), host.add_app("new")
    first = deploy(host, old, 1)
    second = deploy(host, old, 2)
    deploy(host, new, 1)
    kept = host.seen(new)
    results = back(host, old, new)
    assert (results[old]["note"], results[old]["release"]) == ("live", first["release"])
    assert results[old]["instance"] not in (first["instance"], second["instance"])
    assert results[old]["start_seconds"] > 0
    assert (results[new]["state"], results[new]["step"]) == ("failed", "release")
    assert "no other release of it that has been live" in results[new]["reason"]
    assert host.seen(new) == kept


def test_an_old_release_that_fails_its_gate_is_refused(host: ServingHost) -> None:
    """S0-24: what was good once may be broken by time; the live release stays, and is not withdrawn."""
    name = host.add_app("rotten")
    app = host.layout.app(name)
    first = deploy(host, name, 1)
    deploy(host, name, 2)
    entry = os.path.join(app.release(first["release"]), "code", "app.py")
    with open(entry, "w", encoding="utf-8") as file:
        file.write("raise RuntimeError('its time is over')\n")
    before = host.seen(name)
    result = back(host, name)[name]
    assert (result["state"], result["note"]) == ("failed", _deploy_run.KEPT)
    assert "its time is over" in result["reason"]
    assert host.seen(name) == before
    assert _rollback.listing(app)[0].startswith(host.wanted[name]["release"] + "  live since")


def test_a_deploy_of_what_still_drains_needs_no_start_either_but_a_restart_does(host: ServingHost) -> None:
    """C-09: somebody takes a change back and runs the site playbook."""
    name = host.add_app("undo", deploy=PATIENT)
    first = deploy(host, name, 1)
    with visit(host, name, first):
        second = deploy(host, name, 2)
        with visit(host, name, second):
            assert deploy(host, name, 1)["instance"] == first["instance"]
            restarted = host.deploy(restart=True).results[name]
            assert restarted["instance"] not in (first["instance"], second["instance"])


def test_an_old_instance_that_is_not_well_is_not_made_live_again(host: ServingHost) -> None:
    name = host.add_app("ill", deploy=PATIENT)
    first = deploy(host, name, 1)
    with visit(host, name, first):
        deploy(host, name, 2)
        host.supervisor.stop("%s.%s" % (name, first["instance"]), 20)
    result = back(host, name)[name]
    assert (result["state"], result["release"]) == ("ok", first["release"])
    assert result["instance"] != first["instance"]
