# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Places: nothing of root's can be written by others whatever the umask, and nothing is laid out where they could."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import tempfile
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.modules import host_layout, supervisor_daemon, supervisor_programs
from helpers import attacks
from helpers.environments import environment
from helpers.machine import Machine
from helpers.modules import run_module

OPEN = 0


@pytest.fixture
def root() -> t.Iterator[Path]:
    """Outside pytest's folders, whose names are too long for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="places-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def _with_open_umask(module: t.Any, root: Path, **arguments: t.Any) -> None:
    before = os.umask(OPEN)
    try:
        answer = run_module(module, root=str(root), **arguments)
    finally:
        os.umask(before)
    assert "failed" not in answer, answer["msg"]


def _open_to_all(root: Path) -> list[str]:
    """What others may write."""
    found = []
    for path in root.rglob("*"):
        status = path.lstat()
        if status.st_mode & stat.S_IWOTH and not stat.S_ISLNK(status.st_mode) and not status.st_mode & stat.S_ISVTX:
            found.append("%o %s" % (stat.S_IMODE(status.st_mode), path.relative_to(root)))
    return found


def test_nothing_that_root_makes_can_be_written_by_others_with_an_open_umask(root: Path) -> None:
    """Folders, configuration, programs, and what a daemon makes that was started so: log, process id, socket."""
    layout = Layout(str(root))
    _with_open_umask(host_layout, root, apps=[])
    os.symlink(environment("supervisor", "4.3.0"), os.path.join(layout.tools, "supervisor"))
    script = os.path.join(os.path.dirname(layout.supervisor_conf), "daemon")
    try:
        _with_open_umask(supervisor_daemon, root, service_manager="none")
        _with_open_umask(
            supervisor_programs, root, programs=[{"name": "p", "command": ["/bin/sleep", "99"], "start_seconds": 1}]
        )
        subprocess.run([script, "restart"], check=True, umask=OPEN, capture_output=True)
        through = _open_to_all(root)
    finally:
        subprocess.run([script, "stop"], check=True, capture_output=True)
    tried = len(list(root.rglob("*")))
    attacks.record("home", "others write what root has made with umask 000", tried, through)


PLACES = {
    "owned": "mkdir {root}; chown mallory {root}",
    "owned with content": "mkdir -p {root}/srv/pyapps/apps; chown -R mallory {root}",
    "link": "mkdir /home/m; chown mallory /home/m; ln -s /home/m {root}",
    "link of theirs": "mkdir {root}-real; ln -s {root}-real {root}; chown -h mallory {root}",
    "below theirs": "mkdir -p {root}; chown mallory {parent}",
    "exchangeable": "mkdir -p {root}; chmod 0777 {parent}",
    "part of ours": "mkdir -p {root}/srv/pyapps; chown mallory {root}/srv/pyapps",
}
"""What mallory has done to a root folder before it is used."""


def test_no_host_is_laid_out_where_somebody_else_could_exchange_what_runs() -> None:
    machine = Machine()
    try:
        machine.run("useradd mallory")
        through = []
        for number, (name, commands) in enumerate(PLACES.items()):
            parent = "/opt/place-%d" % number
            values = {"parent": parent, "root": parent + "/demo"}
            machine.run("mkdir -p %s; cd %s; " % (parent, parent) + commands.format(**values))
            answer = machine.module("host_layout", root=values["root"])
            named = "Nothing was changed on this host:\n- pyapps_root: " in answer.get("msg", "")
            made = machine.can("root", "test -e %s/etc" % values["root"])
            through += [] if named and not made else [name]
            machine.run("rm -rf /home/m")
    finally:
        machine.close()
    attacks.record("home", "a host is laid out in a folder of somebody else", len(PLACES), through)
