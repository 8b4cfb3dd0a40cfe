# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deploys on a host with a real supervisord and real Streamlit."""

from __future__ import annotations

import json
import os
import pwd
import signal
import socket
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import (
    listeners as _listeners,
    probe_http as _probe_http,
    probe_websocket as _probe_websocket,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import app_user
from helpers.environments import environment
from helpers.serving_host import CHECKOUT, ServingHost
from helpers.supervisord import wait_for

GOOD = "import streamlit as st\nst.write('%s')\n"


@pytest.fixture(name="host")
def _host(serving_host: ServingHost) -> ServingHost:
    return serving_host


def went_live(result: dict[str, t.Any]) -> None:
    assert result["state"] == "ok", "%(step)s: %(reason)s\n%(log)s" % result
    assert (result["note"], result["changed"]) == ("live", True)


def health(port: int, base: str) -> bytes:
    return _probe_http.get("127.0.0.1", port, base + "/_stcore/health", 5)[2]


@pytest.mark.parametrize("streamlit", ["1.41.1", "1.67.0"])
def test_a_first_deploy_serves_and_a_second_run_changes_nothing(host: ServingHost, streamlit: str) -> None:
    """C-09, C-01: second run changed=0; health by its body, a handshake with a good and one with an evil origin."""
    name = host.add_app("one")
    host.release(name, GOOD % "hello", streamlit)
    first = host.deploy()
    result = first.results[name]
    went_live(result)
    port = result["port"]
    assert health(port, "/one") == b"ok"

    def shake(origin: str) -> int:
        return _probe_websocket.handshake(
            "127.0.0.1", port, "/one/_stcore/stream", host_header="apps.example", origin=origin, timeout=10
        )

    assert shake("https://apps.example") == 101
    assert shake("https://evil.example") == 403
    app = host.layout.app(name)
    assert os.readlink(app.live) == "serving/%s.%d" % (result["instance"], port)
    assert sorted(os.listdir(app.live)) == ["%d.port" % port, "index.html", "index.html.gz", "static"]
    assert oct(os.stat(app.live).st_mode)[-3:] == "755"
    assert result["instance"] in (Path(app.live) / "index.html").read_text()
    before = host.seen(name)
    second = host.deploy()
    assert (second.changed, second.results[name]["note"]) == (False, "unchanged")
    assert second.results[name]["changed"] is False
    assert host.seen(name) == before


def test_a_process_runs_as_the_apps_own_user(host: ServingHost) -> None:
    """C-09: as root each app has one unprivileged user, and the gate sees that the listener is that user's."""
    name = host.add_app("own")
    host.release(name, GOOD % "hello")
    result = host.deploy().results[name]
    went_live(result)
    process = host.supervisor.processes()["%s.%s" % (name, result["instance"])]
    expected = pwd.getpwnam(app_user(name)).pw_uid if os.geteuid() == 0 else os.geteuid()
    assert os.stat("/proc/%d" % process.pid).st_uid == expected


def test_a_new_release_replaces_the_old_one_and_leaves_nothing_of_it(host: ServingHost) -> None:
    """C-09: started beside, switched, and the old instance retired in the same run; its logs stay for a while."""
    name = host.add_app("two")
    host.release(name, GOOD % "first")
    old = host.deploy().results[name]
    host.release(name, GOOD % "second")
    new = host.deploy(public_url="https://apps.example").results[name]
    went_live(new)
    assert new["instance"] != old["instance"]
    assert new["port"] != old["port"]
    seen = host.seen(name)
    assert seen["serving"] == ["%s.%d" % (new["instance"], new["port"])]
    assert seen["records"] == [new["instance"] + ".json"]
    assert seen["programs"] == ["%s.%s.conf" % (name, new["instance"])]
    assert list(seen["processes"]) == ["%s.%s" % (name, new["instance"])]
    assert _listeners.listener(old["port"]) is None
    link = Path(host.layout.log) / ("%s.err.log" % name)
    assert os.readlink(link) == "%s.%s.err.log" % (name, new["instance"])
    assert (Path(host.layout.log) / ("%s.%s.err.log" % (name, old["instance"]))).exists()


def test_one_app_that_fails_does_not_stop_the_others(host: ServingHost) -> None:
    """S0-24: one bad app is refused with its cause, its old instance keeps running, and the others go live."""
    good, bad = host.add_app("good"), host.add_app("bad")
    for name in (good, bad):
        host.release(name, GOOD % "first")
    host.deploy()
    before = host.seen(bad)
    host.release(good, GOOD % "second")
    host.release(bad, "import a_module_that_nobody_has\n")
    results = host.deploy().results
    assert results[good]["note"] == "live"
    assert (results[bad]["state"], results[bad]["note"]) == ("failed", "kept (old release serves)")
    assert "a_module_that_nobody_has" in results[bad]["reason"]
    assert host.seen(bad) == before


def test_an_earlier_failure_is_handed_on_untouched(host: ServingHost) -> None:
    """S0-24: an app whose environment failed is not deployed, and its result says the same, and what serves now."""
    name = host.add_app("early")
    host.release(name, GOOD % "first")
    host.wanted[name] = {"state": "failed", "step": "environment", "reason": "no such package", "log": []}
    outcome = host.deploy()
    assert (outcome.changed, list(outcome.diffs)) == (False, [])
    told = {key: value for key, value in outcome.results[name].items() if value}
    assert told == {
        "state": "failed",
        "step": "environment",
        "reason": "no such package",
        "note": "has never been live",
    }
    assert host.supervisor.processes() == {}


def test_a_given_port_is_tried_first_and_a_stranger_on_it_is_left_alone(host: ServingHost) -> None:
    """C-08, C-20: never kill for a port; the app gets another one of the range."""
    name = host.add_app("ported")
    wish = host.ports.stop + 1
    host.apps[name]["streamlit"]["port"] = wish
    host.release(name, GOOD % "first")
    assert host.deploy().results[name]["port"] == wish
    host.release(name, GOOD % "second")
    assert host.deploy().results[name]["port"] in host.ports
    with socket.create_server(("127.0.0.1", wish)) as stranger:
        host.release(name, GOOD % "third")
        result = host.deploy().results[name]
        assert result["state"] == "ok"
        assert result["port"] in host.ports
        assert _listeners.listener(stranger.getsockname()[1]) is not None


def test_check_mode_predicts_and_touches_nothing(host: ServingHost) -> None:
    """C-09: check mode says what would change, also before supervisord or a release exist."""
    name = host.add_app("checked")
    host.release(name, GOOD % "first")
    before = host.seen(name)
    outcome = host.deploy(check_mode=True)
    assert outcome.changed
    assert host.wanted[name]["release"] in outcome.diffs[0]["after"]
    assert host.seen(name) == before
    live = host.deploy().results[name]
    unchanged = host.deploy(check_mode=True)
    assert (unchanged.changed, list(unchanged.diffs)) == (False, [])
    assert unchanged.results[name]["instance"] == live["instance"]
    host.wanted[name]["release"] = None
    assert host.deploy(check_mode=True).changed


@pytest.mark.parametrize("damage", ["process", "record", "marker", "program file", "release file"])
def test_an_unhealthy_live_instance_is_replaced_by_a_new_one_of_the_same_release(
    host: ServingHost, damage: str
) -> None:
    """C-09: whatever of the live instance is missing or does not answer, the next run heals it."""
    name = host.add_app("ill")
    host.release(name, GOOD % "first")
    old = host.deploy().results[name]
    app, program = host.layout.app(name), "%s.%s" % (name, old["instance"])
    if damage == "process":
        assert host.supervisor.stop(program, 20)
    elif damage == "record":
        os.unlink(app.instance(old["instance"]))
    elif damage == "marker":
        os.rename(os.path.realpath(app.live), os.path.join(app.path, ".part-gone"))
    elif damage == "program file":
        os.unlink(host.layout.program(program))
    else:
        release_file = Path(app.release(old["release"])) / "release.json"
        release_file.write_text("{}")
        host.release(name, GOOD % "repaired")
    assert host.deploy(check_mode=True).changed
    new = host.deploy().results[name]
    went_live(new)
    assert health(new["port"], "/ill") == b"ok"
    assert host.seen(name)["serving"] == ["%s.%d" % (new["instance"], new["port"])]
    assert list(host.seen(name)["processes"]) == ["%s.%s" % (name, new["instance"])]
    assert not host.deploy().changed


def test_what_people_see_of_a_healthy_instance_is_corrected_without_a_new_process(host: ServingHost) -> None:
    """C-09: page, port file, flag and log links converge; the process stays."""
    name = host.add_app("seen")
    host.release(name, GOOD % "first")
    host.deploy()
    before = host.seen(name)
    app = host.layout.app(name)
    page = Path(app.live) / "index.html"
    text = page.read_text()
    page.unlink()
    Path(app.down).write_text("does not answer\n")
    (Path(host.layout.log) / ("%s.out.log" % name)).unlink()
    assert host.deploy(check_mode=True).changed
    assert host.deploy().changed
    assert page.read_text() == text
    assert host.seen(name) == before
    assert not host.deploy().changed


def test_a_killed_process_comes_back_and_a_killed_supervisord_too_without_a_deploy(host: ServingHost) -> None:
    """S0-46: an app that is killed serves again within 10 s; the run after that changes nothing."""
    name = host.add_app("phoenix")
    host.release(name, GOOD % "first")
    result = host.deploy().results[name]
    program = "%s.%s" % (name, result["instance"])
    pid = host.supervisor.processes()[program].pid
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: host.supervisor.processes()[program].pid not in (0, pid), 10, "another process")
    assert not host.deploy().changed
    host.daemon.kill()
    wait_for(lambda: _listeners.listener(result["port"]) is None, 10, "the app dies with supervisord")
    host.daemon.start()
    wait_for(host.answers, 20, "supervisord answers")
    again = host.deploy()
    assert (again.changed, again.results[name]["note"]) == (False, "unchanged")
    assert health(result["port"], "/phoenix") == b"ok"


AS_ORDINARY_USER = """
import json
from helpers.environments import environment
from helpers.serving_host import CHECKOUT, ServingHost
from helpers.supervisord import wait_for
host = ServingHost()
try:
    name = host.add_app("plain")
    notes = []
    for text in ("first", "first", "second"):
        host.release(name, "import streamlit as st\\nst.write(%r)" % text)
        notes.append(host.deploy().results[name]["note"])
    seen = host.seen(name)
finally:
    host.close()
print(json.dumps([notes, len(seen["serving"]), len(seen["processes"])]))
"""


def test_an_ordinary_user_deploys_without_root() -> None:
    """C-09: without root everything belongs to who runs it."""
    for package, version in (("streamlit", "1.67.0"), ("supervisor", "4.3.0")):
        environment(package, version)
    somebody = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
    done = subprocess.run(
        ["/usr/bin/python3", "-c", AS_ORDINARY_USER],
        cwd="/",
        env={"PYTHONPATH": "%s/collections:%s/tests" % (CHECKOUT, CHECKOUT), "PYTHONDONTWRITEBYTECODE": "1"},
        **somebody,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [["live", "unchanged", "live"], 1, 1]
