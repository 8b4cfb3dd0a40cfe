# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changing one app of fifty, over what that app itself needs; and what stands by between deploys."""

from __future__ import annotations

import os
import subprocess
import typing as t
from pathlib import Path

from converge import COUNT, SCRIPT, host_with
from helpers.nginx_beside import NginxBeside
from helpers.site_host import SiteHost
from measure import Row, middle, seconds

CHANGED = "many-07"


def _change(host: SiteHost, number: int) -> tuple[float, float]:
    """Seconds of the whole command, and of the app from the birth of its process until it went live."""
    name = host.name(CHANGED)
    (host.apps / name / "main.py").write_text(SCRIPT % (1000 + number))
    wall = seconds(lambda: host.play("playbooks/deploy.yml", app=name))
    pid = host.live_pids()[name]
    ticks = int(Path("/proc/%d/stat" % pid).read_text().rpartition(")")[2].split()[19])
    booted = float(Path("/proc/stat").read_text().split("btime ")[1].split()[0])
    born = booted + ticks / os.sysconf("SC_CLK_TCK")
    return wall, os.lstat(host.layout.app(name).live).st_mtime - born


def _pss(pids: t.Iterable[int]) -> float:
    """Proportional set size of some processes, in MB."""
    texts = [Path("/proc/%d/smaps_rollup" % pid).read_text() for pid in pids]
    return sum(int(text.split("\nPss:")[1].split()[0]) for text in texts) / 1024


def _processes(pattern: str) -> list[int]:
    found = subprocess.run(["pgrep", "-f", pattern], check=True, capture_output=True, text=True)
    return [int(pid) for pid in found.stdout.split()]


def rows(stack: t.Any) -> t.Iterator[Row]:
    """:param stack: an ``ExitStack``, which removes the host in the end"""
    # As on a home host, where root stays root. The quickstart becomes nobody by su, through which nothing can be piped.
    host = host_with(stack, COUNT, ansible_become=False)
    _change(host, 0)  # the first one makes what is made once
    wall, own = middle([_change(host, number) for number in (1, 2, 3)])
    yield Row("change 1 of 50 apps / its own start until live", wall, own, "s", "<= 3")
    nginx = NginxBeside(host)
    stack.callback(nginx.close)
    idle = [*_processes("supervisord.*%s" % host.root), *_processes("pyapps.pyz watch %s" % host.root)]
    idle += _processes("nginx.*%s" % host.folder) + nginx.workers()
    yield Row("supervisord, watcher and nginx, idle / 60 MB", _pss(idle), 60, "MB", "<= 1")
