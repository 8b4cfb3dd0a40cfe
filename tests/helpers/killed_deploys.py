# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deploys that are killed, or under which a daemon is: what must hold right after, and after the next run."""

from __future__ import annotations

import json
import os
import random
import secrets
import signal
import subprocess
import sys
import time
import typing as t
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import SERVING
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import instance_state as _instance_state
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_record import InstanceRecord
from helpers.deploy_storm import Ours
from helpers.serving_host import CHECKOUT, ServingHost
from helpers.supervisord import wait_for
from helpers.tabs import SCRIPT


@dataclass
class Deploy:
    """A deploy of one app in a process of its own, and what it can be seen to have done."""

    host: ServingHost
    name: str
    process: subprocess.Popen[str]
    before: dict[str, t.Any]

    @classmethod
    def start(cls, host: ServingHost, name: str) -> Deploy:
        task = {
            "root": str(host.root),
            "ports": [host.ports.start, host.ports.stop],
            "apps": list(host.apps.values()),
            "wanted": host.wanted,
        }
        path = host.root / "task.json"
        path.write_text(json.dumps(task))
        command = [sys.executable, CHECKOUT / "tests" / "helpers" / "deploy_once.py", path]
        environment = {**os.environ, "PYTHONPATH": str(CHECKOUT / "collections")}
        before = host.seen(name)
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        return cls(host, name, process, before)

    def has_recorded(self) -> bool:
        return len(os.listdir(self.host.layout.app(self.name).instances)) > len(self.before["records"])

    def has_program(self) -> bool:
        files = [file for file in os.listdir(self.host.layout.programs) if file.startswith(self.name)]
        return len(files) > len(self.before["programs"])

    def has_marker(self) -> bool:
        names = filter(SERVING.fullmatch, os.listdir(self.host.layout.app(self.name).serving))
        return len(list(names)) > len(self.before["serving"])

    def has_switched(self) -> bool:
        return os.readlink(self.host.layout.app(self.name).live) != self.before["live"]

    def has_removed_the_old_marker(self) -> bool:
        return not os.path.exists(os.path.join(self.host.layout.app(self.name).path, self.before["live"]))

    def kill_when(self, reached: t.Callable[[Deploy], bool]) -> None:
        """SIGKILL as soon as something is so, or when the process has ended."""
        while not reached(self) and self.process.poll() is None:
            pass
        self.process.kill()
        self.process.communicate()


def assert_one_complete_release_serves(host: ServingHost, name: str) -> None:
    """The live link leads to a whole marker of a recorded instance that answers as it should."""
    app = host.layout.app(name)
    live = _instance_state.live_instance(app)
    assert live is not None
    record = InstanceRecord.read(app.instance(live.instance))
    marker = app.marker(live.instance, live.port)
    assert sorted(os.listdir(marker)) == ["%d.port" % live.port, "index.html", "index.html.gz", "static"]
    assert Path(app.release(record.release), "release.json").exists()
    settings, endpoint = host.apps[name], record.endpoint
    # At once, but for who has just been killed with supervisord.
    wait_for(lambda: _instance_state.health_problem(settings, endpoint) is None, 60, "%s serves" % name)
    assert live.instance in Path(app.live, "index.html").read_text()


def assert_converges(host: ServingHost, name: str) -> None:
    """The next run leaves exactly one instance, of the wanted release; one more changes nothing."""
    result = host.deploy().results[name]
    assert result["state"] == "ok", result
    seen = host.seen(name)
    assert seen["serving"] == ["%s.%d" % (result["instance"], result["port"])]
    assert seen["records"] == [result["instance"] + ".json"]
    assert seen["programs"] == ["%s.%s.conf" % (name, result["instance"])]
    assert list(seen["processes"]) == ["%s.%s" % (name, result["instance"])]
    assert seen["others"] == ["history.json", "instances", "live", "serving"]
    record = InstanceRecord.read(host.layout.app(name).instance(result["instance"]))
    assert record.release == host.wanted[name]["release"]
    assert not host.deploy().changed


def kill_at_random(way: Ours, count: int, seed: int) -> Counter[str]:
    """Deploy again and again, each time killing the run or a daemon at a random moment; how often each was killed.

    What an init does on a host is done here: supervisord and the front are started again.

    :raises AssertionError: an app was left without one complete release that serves, or the next run did not converge
    """
    host, chance, killed = way.host, random.Random(seed), Counter[str]()  # noqa: S311 - not a secret
    start = time.monotonic()
    host.release(way.app, SCRIPT % "measured")
    Deploy.start(host, way.app).kill_when(lambda deploy: False)
    whole = time.monotonic() - start
    for number in range(count):
        target = chance.choice(["run", "run", "supervisord", "watcher", "front"])
        moment = time.monotonic() + whole * chance.random()
        host.release(way.app, SCRIPT % ("%d of %d, %s" % (number, seed, secrets.token_hex(4))))
        deploy = Deploy.start(host, way.app)
        if target == "run":
            deploy.kill_when(lambda _deploy, moment=moment: time.monotonic() >= moment)
        else:
            while time.monotonic() < moment and deploy.process.poll() is None:
                time.sleep(0.005)
            _kill_daemon(way, target)
            deploy.process.communicate(timeout=180)
        killed[target] += 1
        assert_one_complete_release_serves(host, way.app)
        wait_for(lambda: _visitors_see_it(way), 60, "the front serves it after %s was killed" % target)
    assert_converges(host, way.app)
    return killed


def _kill_daemon(way: Ours, target: str) -> None:
    if target == "supervisord":
        way.host.daemon.kill()
        way.host.daemon.start()
        wait_for(way.host.answers, 60, "supervisord answers")
    elif target == "front":
        way.front.kill()
        way.front.start()
    else:
        pid = way.host.supervisor.processes()["pyapps-watcher"].pid
        if pid:  # it may just be starting again
            os.kill(pid, signal.SIGKILL)


def _visitors_see_it(way: Ours) -> bool:
    return way.front.ask("/app/_stcore/health").text == "ok"
