# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two runs at the same time: the module that deploys, beside another deploy, on a real host."""

from __future__ import annotations

import threading
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._host import last_run as _last_run
from ansible_collections.selfhost.pyapps.plugins.modules import instances
from helpers.modules import run_module
from helpers.serving_host import ServingHost
from helpers.supervisord import wait_for

SCRIPT = "import streamlit as st\nst.write('version %d')\n"
SLOW = "import time\nimport streamlit as st\ntime.sleep(4)\nst.write('version %d')\n"


@pytest.fixture(name="host")
def _host(serving_host: ServingHost) -> ServingHost:
    return serving_host


def module(host: ServingHost, **options: t.Any) -> dict[str, t.Any]:
    """Run the module as the site playbook does."""
    ports = "%d-%d" % (host.ports.start, host.ports.stop - 1)
    apps = list(host.apps.values())
    return run_module(instances, root=host.layout.root, apps=apps, results=host.wanted, port_range=ports, **options)


def test_the_second_run_waits_and_is_refused_when_the_first_has_changed_the_host(host: ServingHost) -> None:
    """C-09: else it would bring the release live that it was planned with, over the newer one of the first."""
    name = host.add_app("shared")
    host.release(name, SCRIPT % 1)
    host.deploy()
    plan = _last_run.look(host.layout)
    host.release(name, SLOW % 2)
    first = threading.Thread(target=host.deploy)
    first.start()
    try:
        lock = Path(host.layout.lock)
        wait_for(lambda: "tests" in lock.read_text() and len(host.seen(name)["records"]) == 2, 30, "the first deploys")
        impatient = module(host, plan=plan, lock_timeout=0.1)
        assert "another run changes this host (pid " in impatient["msg"]
        assert "Run again when it has ended" in impatient["msg"]
        second = module(host, plan=plan, lock_timeout=120)
    finally:
        first.join()
    assert "another run has changed this host since this one looked at it (it deployed %s at " % name in second["msg"]
    before = host.seen(name)
    host.release(name, SCRIPT % 3)
    third = module(host, plan=_last_run.look(host.layout))
    assert third["app_results"][name]["note"] == "live"
    assert host.seen(name) != before


def test_a_run_that_waited_for_one_that_changed_nothing_goes_on(host: ServingHost) -> None:
    name = host.add_app("calm")
    host.release(name, SCRIPT % 1)
    host.deploy()
    plan = _last_run.look(host.layout)
    assert host.deploy().changed is False
    predicted = module(host, plan=plan, check=True)
    assert (predicted["changed"], predicted["app_results"][name]["note"]) == (False, "unchanged")
    host.release(name, SCRIPT % 2)
    assert module(host, plan=plan)["app_results"][name]["note"] == "live"
