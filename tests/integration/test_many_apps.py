# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many real Streamlit processes on one host, laid out by the site playbook.

``MANY_APPS`` says how many: `make resilience` takes the fifty of the quality bar, `make test` fewer.
"""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.probe_http import get
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_state import live_instance
from helpers.site_host import SiteHost, new_site_host
from helpers.streamlit_session import session

COUNT = int(os.environ.get("MANY_APPS", "6"))
SCRIPT = "import streamlit as st\n\nst.write('This is app %d')\n"


def short_name(number: int) -> str:
    return "many-%02d" % number


def add_app(host: SiteHost, number: int) -> None:
    host.add_app(short_name(number), "streamlit==1.67.*", {"main.py": SCRIPT % number})


@pytest.fixture
def host() -> t.Iterator[SiteHost]:
    with new_site_host() as host:
        yield host


def assert_all_serve(host: SiteHost) -> None:
    """Through the front: each process is healthy, and each page is that of the app's own live instance."""
    for number in range(COUNT):
        base = "/" + short_name(number)
        status, _headers, health = get("127.0.0.1", host.port, base + "/_stcore/health", 20)
        assert (status, health) == (200, b"ok"), base
        live = live_instance(host.layout.app(host.name(short_name(number))))
        assert live is not None
        pin = '"%s/~/%s.%d"' % (base, live.instance, live.port)
        assert pin.encode() in get("127.0.0.1", host.port, base + "/", 20)[2], base


def files_of_others(host: SiteHost, changed: str) -> dict[str, tuple[int, int]]:
    """Every file of the other apps, but for what they write themselves: which one it is, and when it was written."""
    found = {}
    for folder in (host.layout.apps, host.layout.programs):
        for path in Path(folder).rglob("*"):
            if changed not in str(path) and "data" not in path.relative_to(folder).parts:
                status = path.lstat()
                found[str(path)] = (status.st_ino, status.st_mtime_ns)
    return found


def test_many_apps_cost_the_tasks_of_one_and_a_change_of_one_touches_no_other(host: SiteHost) -> None:
    """C-09, and the quality bar of 50 processes, when there are as many: one environment, one process each."""
    add_app(host, 0)
    assert host.site().code == 0
    one = host.site()
    assert (one.code, one.changed) == (0, 0), one.text

    for number in range(1, COUNT):
        add_app(host, number)
    played = host.site()
    assert played.code == 0, played.text
    assert_all_serve(host)
    before = host.live_pids()
    assert len(before) == COUNT
    assert len({*before.values(), 0}) == COUNT + 1

    again = host.site()
    assert (again.code, again.changed, again.tasks) == (0, 0, one.tasks), again.text

    changed = host.name(short_name(4))
    (host.apps / changed / "main.py").write_text(SCRIPT % 7000)
    files = files_of_others(host, changed)
    with session("http://127.0.0.1:%d/%s/" % (host.port, short_name(5))) as other:
        assert host.site().code == 0
        assert other.is_open()
    after = host.live_pids()
    assert {name for name in before if before[name] != after[name]} == {changed}
    assert files_of_others(host, changed) == files
    assert_all_serve(host)
