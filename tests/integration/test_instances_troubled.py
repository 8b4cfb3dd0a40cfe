# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A deploy on a machine in trouble: a full disk, one that is read-only, an index that is down, a clock that jumps.

Real file systems are mounted for it, which needs root.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
import typing as t
from pathlib import Path

import pytest
from helpers.refusals import GOOD, UsedApp
from helpers.serving_host import ServingHost

SIZE = 2 * 1024 * 1024
PAGE = os.sysconf("SC_PAGE_SIZE")

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a file system")


@contextlib.contextmanager
def mounted(folder: str, *arguments: str) -> t.Iterator[None]:
    subprocess.run(["mount", *arguments, folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def used() -> t.Iterator[UsedApp]:
    """An app that serves and is in use; the apps' folder is a small file system of its own."""
    host = ServingHost()
    try:
        with mounted(host.layout.apps, "-t", "tmpfs", "-o", "size=%d,mode=755" % SIZE, "none"), UsedApp(host) as used:
            yield used
    finally:
        host.close()


def fill(folder: str, pages_left: int) -> Path:
    """Use a small disk up, except for so many pages of memory."""
    ballast = Path(folder) / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(b"\0" * PAGE)
    if pages_left:
        os.truncate(ballast, max(0, ballast.stat().st_size - pages_left * PAGE))
    return ballast


def test_a_full_disk_at_any_write_leaves_the_live_release_alone(used: UsedApp) -> None:
    """S0-24, C-09: told with what to do; nothing half-written is there; and with room the same release goes live."""
    before = used.state()
    assert before[1]
    steps = set()
    used.host.release(used.name, GOOD + "# next\n")
    for pages in itertools.count():
        ballast = fill(used.host.layout.apps, pages)
        outcome = used.host.deploy()
        ballast.unlink()
        result = outcome.results[used.name]
        if result["state"] == "ok":
            break
        assert not outcome.changed
        assert "No space left on device" in result["reason"]
        assert "make room and run again" in result["reason"]
        assert result["note"] == "kept (old release serves)"
        assert used.state() == before, pages
        steps.add(result["step"])
    assert {"start", "switch"} <= steps
    assert used.state()[0]["live"] != before[0]["live"]


@pytest.mark.parametrize("folder", ["apps", "programs"])
def test_a_read_only_disk_leaves_the_live_release_alone(used: UsedApp, folder: str) -> None:
    """S0-24, C-09."""
    before = used.state()
    path = t.cast(str, getattr(used.host.layout, folder))
    used.host.release(used.name, GOOD + "# next\n")
    with mounted(path, "--bind", path):
        subprocess.run(["mount", "-o", "remount,bind,ro", path], check=True)
        result = used.deploy("a read-only disk")
    assert "Read-only file system" in result["reason"]
    assert "often after a disk error" in result["reason"]
    assert used.state() == before
    assert used.host.deploy().results[used.name]["note"] == "live"
