# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kind of the tests' own on a real host: deployed, switched, drained, rolled back and told of like any other."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy import (
    instances as _instances,
    rollback as _rollback,
    status as _status,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.listeners import listener_uids
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.lock import host_lock
from ansible_collections.selfhost.pyapps.plugins.module_utils._health import apps as _health_apps
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.settings import front_address
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.endpoint import Endpoint
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import as_dicts
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import drain as _drain
from helpers.fronts import Front
from helpers.second_kind import SCRIPT, add_plain_kind, add_to_zipapp
from helpers.serving_host import ServingHost

DEPLOY = {"keep": 5, "start_timeout": 60, "drain_timeout": 3600, "max_draining": 2, "stable_time": 0}


@pytest.fixture
def host(serving_host: ServingHost, monkeypatch: pytest.MonkeyPatch) -> ServingHost:
    add_plain_kind(monkeypatch)
    add_to_zipapp(serving_host.layout.zipapp)
    return serving_host


def add_app(host: ServingHost) -> str:
    table = {"script": "app.py", "port": None}
    shown = {"owner": {"name": ""}, "gallery": {"listed": True}}
    return host.add_app("plain", kind="plain", plain=table, deploy=DEPLOY, **shown)


def release(host: ServingHost, name: str, script: str) -> str:
    """Make and want a release of the second kind; gives its id."""
    made = host.release(name, script)
    path = Path(host.layout.app(name).release(made), "release.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), "kind": "plain", "assets": None}))
    host.wanted[name]["assets"] = None
    return made


def deploy(host: ServingHost, name: str, script: str) -> dict[str, t.Any]:
    release(host, name, script)
    result = host.deploy().results[name]
    assert (result["state"], result["note"]) == ("ok", "live"), result
    return result


def test_it_goes_live_is_replaced_comes_back_and_is_told_of(host: ServingHost) -> None:
    name = add_app(host)
    first = deploy(host, name, SCRIPT)
    assert Endpoint(first["port"]).get("/plain/x", 5) == (200, b"/plain/x")
    assert host.deploy().results[name]["note"] == "unchanged"
    second = deploy(host, name, SCRIPT + "# newer\n")
    app = host.layout.app(name)
    assert [record.instance for record in _drain.draining(app)] == [first["instance"]]
    assert _drain.sessions(app, _drain.draining(app)[0]) == 0
    with host_lock(host.layout.lock, 60, "tests"):
        prepared = _rollback.prepare(host.layout, [name], "", host.apps.values(), "", False)
        back = as_dicts(_instances.deploy(host.run(rollback=True), *prepared).results)[name]
    assert (back["state"], back["instance"]) == ("ok", first["instance"]), back
    told = _status.host_status(host.layout)[0][name]
    assert (told["healthy"], told["streamlit"]) == (True, None)
    assert [other["instance"] for other in told["others"]] == [second["instance"]]


def test_one_that_is_not_well_is_refused(host: ServingHost) -> None:
    name = add_app(host)
    live = deploy(host, name, SCRIPT)
    release(host, name, SCRIPT.replace("well", "ill"))
    host.apps[name]["deploy"] = {**DEPLOY, "start_timeout": 3}
    result = host.deploy().results[name]
    assert (result["state"], result["step"]) == ("failed", "health")
    assert "instead of 200 'well'" in result["reason"]
    assert Endpoint(live["port"]).get("/plain/x", 5) == (200, b"/plain/x")


@pytest.mark.parametrize("server", ["nginx", "caddy"])
def test_fronts_lead_to_what_is_live(host: ServingHost, server: str) -> None:
    name = add_app(host)
    deploy(host, name, SCRIPT)
    front = Front(server, list(host.apps.values()), host.root).start()
    try:
        assert front.ask("/plain/x?y").body == b"/plain/x?y"
        assert front.ask("/plain/health").body == b"well"
        assert front.ask("/plain").status == 301
        newer = deploy(host, name, SCRIPT.replace("self.path.encode()", "b'newer'"))
        assert front.ask("/plain/x").body == b"newer"
        programs = _health_apps.Programs.read(host.supervisor.processes(), "")
        owners = listener_uids({newer["port"]})
        address = front_address(server, front.port, "127.0.0.1", ())
        around = _health_apps.Around(host.layout, programs, owners, address, 10, lambda: None)
        found = _health_apps.check_app(host.layout.app(name), around)
        assert found.problems == ()
    finally:
        front.close()
