# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose processes end with an app."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
import typing as t
from pathlib import Path

from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.removal import processes_of

CONTAINER = ["unshare", "--map-root-user", "--pid", "--fork", "--kill-child"]


@contextlib.contextmanager
def running(*command: str) -> t.Iterator[int]:
    """A process, by its number."""
    with subprocess.Popen(command) as process:
        try:
            yield process.pid
        finally:
            process.kill()


def child_of(pid: int) -> int:
    """The first child, as soon as there is one."""
    children = Path("/proc/%d/task/%d/children" % (pid, pid))
    end = time.monotonic() + 20
    while not (found := children.read_text().split()):
        assert time.monotonic() < end, "no child"
    return int(found[0])


def test_a_process_in_a_container_is_not_of_the_user_with_the_same_number() -> None:
    """S0-30: a host's app may have the uid that a database has in somebody's container; it must not be killed."""
    with running("sleep", "60") as ours, running(*CONTAINER, "sleep", "60") as container:
        inside = child_of(container)
        assert os.stat("/proc/%d" % inside).st_uid == os.geteuid()
        found = processes_of(os.geteuid())
        assert ours in found
        assert inside not in found


def test_processes_of_other_users_are_not_found() -> None:
    with running("sleep", "60") as ours:
        assert ours not in processes_of(os.geteuid() + 1)
