# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A converge that changes nothing: of 50 apps over one, and over a play of as many trivial tasks."""

from __future__ import annotations

import re
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


def _trivial(host: SiteHost) -> Path:
    """A play with as many modules as the site playbook runs there."""
    executed = int(re.findall(r"\bok=(\d+)", host.site().text)[-1])
    play = ["- hosts: all", "  gather_facts: false", "  tasks:", *["    - ansible.builtin.ping:"] * executed]
    path = host.folder / "trivial.yml"
    path.write_text("\n".join(play) + "\n")
    return path


def rows(stack: t.Any) -> t.Iterator[Row]:
    """:param stack: an ``ExitStack``, which removes the hosts in the end"""
    one, fifty = host_with(stack, 1), host_with(stack, COUNT)
    ours, other = in_turn(fifty.site, one.site)
    yield Row("no-op converge: 50 apps / 1 app", ours, other, "s", "<= 1.1")
    trivial = _trivial(fifty)
    ours, other = in_turn(fifty.site, lambda: fifty.play(str(trivial)))
    yield Row("no-op converge of 50 apps / as many trivial tasks", ours, other, "s", "<= 2")
