# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A converge that changes nothing, and the drift of a host, over a play of four trivial tasks."""

from __future__ import annotations

import typing as t
from pathlib import Path

from helpers.site_host import SiteHost, new_site_host
from measure import Row, in_turn

COUNT = 50
SCRIPT = "import streamlit as st\n\nst.write('This is app %d')\n"


def host_with(stack: t.Any, count: int, **variables: t.Any) -> SiteHost:
    """A host that serves so many apps; the stack removes it.

    :param variables: of every playbook
    """
    host: SiteHost = stack.enter_context(new_site_host())
    host.variables.update(variables)
    for number in range(count):
        host.add_app("many-%02d" % number, "streamlit==1.67.*", {"main.py": SCRIPT % number})
    assert host.site().code == 0
    return host


def _pings(host: SiteHost) -> Path:
    """A play of four trivial tasks."""
    path = host.folder / "pings.yml"
    path.write_text("- hosts: all\n  gather_facts: false\n  tasks:\n" + "    - ansible.builtin.ping:\n" * 4)
    return path


def rows(stack: t.Any) -> t.Iterator[Row]:
    """:param stack: an ``ExitStack``, which removes the hosts in the end"""
    two, fifty = host_with(stack, 2), host_with(stack, COUNT)
    pings = str(_pings(two))
    ours, other = in_turn(two.site, lambda: two.play(pings))
    yield Row("no-op converge: 2 apps / four pings", ours, other, "s", "<= 2")
    ours, other = in_turn(fifty.site, lambda: two.play(pings))
    yield Row("no-op converge: %d apps / four pings" % COUNT, ours, other, "s", "<= 2.5")
    ours, other = in_turn(lambda: fifty.play("playbooks/drift.yml"), lambda: two.play(pings))
    yield Row("drift: %d apps / four pings" % COUNT, ours, other, "s", "<= 2.5")
