# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Going back, by the playbook on the machine itself: over a play of as many trivial tasks, and over a start."""

from __future__ import annotations

import re
import statistics
import time
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._state import drain as _drain
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_state import live_instance
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.releases_held import held_releases, live_release
from helpers.site_host import SiteHost, new_site_host
from helpers.streamlit_session import session
from helpers.supervisord import wait_for
from measure import REPEATS, Row, seconds

TASKS = 3  # of the playbook: arguments, module, table
SCRIPT = "import streamlit as st\n\nst.write('version %d')\n"
_LONGEST_WAIT = 120  # seconds, for the watcher to retire what no session is open on


def _told(text: str, what: str) -> float | None:
    """A number of the module's result."""
    found = re.search(r"%s: ([0-9.]+)" % what, text)
    return float(found[1]) if found else None


def _switch(host: SiteHost, name: str) -> tuple[float, float, str]:
    """Make the release live that is not; how long the whole command and its switch took, and what it said."""
    app = host.layout.app(name)
    (other,) = [release for release in held_releases(app) if release != live_release(app)]
    begun = time.monotonic()
    played = host.play("playbooks/rollback.yml", "-v", app=name, release=other)
    took = time.monotonic() - begun
    assert played.code == 0
    return took, _told(played.text, "switch_seconds") or 0.0, played.text


def _trivial(host: SiteHost) -> float:
    """How long a play takes that does nothing in as many tasks."""
    path = host.folder / "trivial.yml"
    path.write_text("- hosts: all\n  gather_facts: false\n  tasks:\n" + "    - ansible.builtin.ping:\n" * TASKS)
    return seconds(lambda: host.play(str(path)))


def rows(stack: t.Any) -> t.Iterator[Row]:
    """:param stack: an ``ExitStack``, which removes the host in the end"""
    host: SiteHost = stack.enter_context(new_site_host())
    host.variables["ansible_become"] = False  # as on a home host
    folder = host.add_app("back", "streamlit==1.67.*", {"main.py": SCRIPT % 1})
    for version in (1, 2):
        (folder / "main.py").write_text(SCRIPT % version)
        assert host.site().code == 0
    name = host.name("back")
    app = host.layout.app(name)
    over, starts, switches, trivial = [], [], [], []
    for _repeat in range(REPEATS):
        wait_for(lambda: not _drain.draining(app), _LONGEST_WAIT, "the old instance is retired")
        took, _switched, text = _switch(host, name)
        start = _told(text, "start_seconds")
        assert start is not None
        starts.append(start)
        over.append(took - start)
        trivial.append(_trivial(host))
        live = live_instance(app)
        assert live is not None
        with session("http://127.0.0.1:%d/back/" % live.port):
            _switch(host, name)  # there
            _took, switched, text = _switch(host, name)  # and back, to where the session is
            assert _told(text, "start_seconds") is None
            switches.append(switched)
    start = statistics.median(starts)
    what = "rollback less the app's start / as many trivial tasks"
    yield Row(what, statistics.median(over), statistics.median(trivial), "s", "<= 3 s")
    what = "rollback to what drains: the switch / a start"
    yield Row(what, statistics.median(switches), start, "s", "<= 0.2 s")
