# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release that is tried out before it goes live: real Streamlit, real supervisord, and both fronts."""

from __future__ import annotations

import os
import typing as t

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy import (
    instances as _instances,
    preview_end as _preview_end,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.run import Preview
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.status import host_status
from ansible_collections.selfhost.pyapps.plugins.module_utils._entry.watcher import Watcher
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.lock import host_lock
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import preview as _preview
from helpers.fronts import Front, entry
from helpers.serving_host import ServingHost
from helpers.streamlit_session import session

SCRIPT = "import streamlit as st\nst.write('version %d')\n"

Result = dict[str, t.Any]


@pytest.fixture(name="host")
def _host(serving_host: ServingHost) -> ServingHost:
    return serving_host


def deploy(host: ServingHost, name: str, version: int, **options: t.Any) -> Result:
    host.release(name, SCRIPT % version)
    return host.deploy(**options).results[name]


def show(host: ServingHost, name: str, version: int, **options: t.Any) -> Result:
    result = deploy(host, name, version, preview=Preview(**options))
    assert (result["state"], result["note"]) == ("ok", "preview"), result
    return result


def promote(host: ServingHost, name: str) -> Result:
    with host_lock(host.layout.lock, 60, "tests"):
        prepared = _preview_end.prepare(host.layout, [name], host.apps.values())
        return _instances.deploy(host.run(), *prepared).results[name].as_dict()


def shown(host: ServingHost, name: str) -> list[str]:
    return [record.instance for record in _preview.previews(host.layout.app(name))]


def test_a_preview_runs_beside_and_goes_live_without_another_start(host: ServingHost) -> None:
    """C-09: live stays as it was; a second run shows the same preview; its process and session outlive the switch."""
    name = host.add_app("try")
    deploy(host, name, 1)
    before = host.seen(name)
    predicted = deploy(host, name, 2, preview=Preview(), check_mode=True)
    assert (predicted["changed"], predicted["note"], host.seen(name)) == (True, "preview", before)
    result = show(host, name, 2)
    (instance,) = shown(host, name)
    assert result["preview"] == "/try/~/%s.%d/" % (instance, result["preview_port"])
    seen = host.seen(name)
    assert (seen["live"], result["instance"]) == (before["live"], before["live"].split("/")[1].split(".")[0])
    again = host.deploy(preview=Preview())
    assert (again.changed, again.results[name]["preview"]) == (False, result["preview"])
    (other,) = host_status(host.layout)[0][name]["others"]
    assert (other["instance"], other["preview_until"], other["drain_until"]) == (
        instance,
        result["preview_until"],
        None,
    )
    with session("http://127.0.0.1:%d/try/" % result["preview_port"]) as visitor:
        live = promote(host, name)
        assert (live["note"], live["instance"], shown(host, name)) == ("live", instance, [])
        assert live["start_seconds"] is None
        assert visitor.is_open()
    process = "%s.%s" % (name, instance)
    assert host.seen(name)["processes"] == {process: seen["processes"][process]}
    app = host.layout.app(name)
    assert sorted(os.listdir(app.live)) == ["%d.port" % live["port"], "index.html", "index.html.gz", "static"]
    assert host.deploy().changed is False
    refused = promote(host, name)
    assert (refused["state"], refused["step"]) == ("failed", "preview")


def test_a_preview_ends_when_it_is_discarded_replaced_overtaken_or_too_old(host: ServingHost) -> None:
    name = host.add_app("end")
    app = host.layout.app(name)
    deploy(host, name, 1)
    live = host.seen(name)
    show(host, name, 2)
    first = shown(host, name)
    show(host, name, 3)
    assert len(shown(host, name)) == 1
    assert shown(host, name) != first
    with host_lock(host.layout.lock, 60, "tests"):
        outcome = _preview_end.discard(host.run(), [name])
        assert (outcome.changed, _preview_end.discard(host.run(), [name]).changed) == (True, False)
    assert host.seen(name) == {**live, "others": host.seen(name)["others"]}
    show(host, name, 4)
    look = Watcher(host.layout)
    look.watch_drains()
    assert len(shown(host, name)) == 1
    _preview.begin(app, _preview.previews(app)[0], 0)
    look.watch_drains()
    assert (shown(host, name), host.seen(name)["processes"]) == ([], live["processes"])
    show(host, name, 5)
    assert deploy(host, name, 6)["note"] == "live"
    assert shown(host, name) == []


def test_a_normal_run_makes_what_is_tried_out_live(host: ServingHost) -> None:
    """The folder is what people want to have served; and its release has proven itself already."""
    name = host.add_app("same")
    deploy(host, name, 1)
    show(host, name, 2)
    (instance,) = shown(host, name)
    result = host.deploy().results[name]
    assert (result["note"], result["instance"]) == ("live", instance)


def test_what_can_not_be_tried_out_is_refused(host: ServingHost) -> None:
    """One that fails its gate, too: the live release is not touched, and nothing is left."""
    name = host.add_app("never")
    never = deploy(host, name, 1, preview=Preview())
    assert (never["state"], never["step"]) == ("failed", "preview")
    assert "deploy it first" in never["reason"]
    deploy(host, name, 1)
    before = host.seen(name)
    host.release(name, "import streamlit as st\nraise RuntimeError('not yet')\n")
    refused = host.deploy(preview=Preview()).results[name]
    assert (refused["state"], refused["step"], shown(host, name)) == ("failed", "script", [])
    host.apps[name]["deploy"]["strategy"] = "restart"
    alone = deploy(host, name, 2, preview=Preview())
    assert "may not run twice" in alone["reason"]
    assert host.seen(name) == before


@pytest.mark.parametrize("server", ["nginx", "caddy"])
def test_the_front_shows_a_preview_to_who_knows_its_name(host: ServingHost, server: str) -> None:
    """Not on the public host, unless that was asked; never in the gallery; pages of it stay below its pin."""
    name = host.add_app("front", base_path="/front")
    os.chmod(host.root, 0o755)
    deploy(host, name, 1)
    public = {"Host": "apps.example.com"}
    front = Front(server, [entry(name, "/front")], root=host.root, public_origins=("https://apps.example.com",))
    try:
        front.start()
        path = show(host, name, 2)["preview"]
        for page in (path, path + "second_page?key=1"):
            answer = front.ask(page)
            assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
            assert answer.headers["content-type"].startswith("text/html")
            assert "MAIN_PAGE_BASE_URL: origin + base" in answer.text
            assert 'base = "%s"' % path[:-1] in answer.text
        assert front.ask(path + "_stcore/health").text == "ok"
        assert front.ask(path + "_stcore/metrics").status == 404
        assert front.ask(path, headers=public).status == 302
        assert path.split("/")[3] not in front.ask("/").text
        show(host, name, 3, in_public=True)
        open_path = host.deploy(preview=Preview()).results[name]["preview"]
        assert front.ask(open_path, headers=public).status == 200
        # The first one has ended: its tabs go to the app.
        assert front.ask(path + "_stcore/health").status == 410
        gone = front.ask(path)
        assert (gone.status, gone.headers["location"].endswith("/front/")) == (302, True)
        live = os.readlink(host.layout.app(name).live).split("/")[1]
        assert front.ask("/front/~/%s/" % live).status == 302
    finally:
        front.close()
