# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Large apps, and runs that are killed. Times are printed (``pytest -s``), not judged: machines differ."""

from __future__ import annotations

import os
import re
import secrets
import signal
import threading
import time
import typing as t
from pathlib import Path

import pytest
from helpers.release_target import Outcome, Target, new_target

MIB = 1024 * 1024


@pytest.fixture
def target() -> t.Iterator[Target]:
    with new_target() as made:
        yield made


def timed(what: str, target: Target) -> Outcome:
    start = time.monotonic()
    outcome = target.run()
    print("%s: %.1f s, %d module calls" % (what, time.monotonic() - start, outcome.modules))
    return outcome


def add_large_file(folder: Path, name: str, mib: int) -> None:
    """Bytes that cannot be compressed, of which no two blocks are equal."""
    block = secrets.token_bytes(MIB)
    with (folder / name).open("wb") as file:
        for number in range(mib):
            file.write(number.to_bytes(8, "big") + block[8:])


def test_an_app_of_300_mb_arrives_and_is_sent_once(target: Target) -> None:
    name = target.add_app()
    add_large_file(target.source(name), "model.bin", 300)
    first = timed("300 MB, first run", target)
    sent = target.code(first, name) / "model.bin"
    assert sent.stat().st_size == 300 * MIB
    with sent.open("rb") as arrived, (target.source(name) / "model.bin").open("rb") as original:
        arrived.seek(299 * MIB)
        original.seek(299 * MIB)
        assert arrived.read() == original.read()
    second = timed("300 MB, nothing changed", target)
    assert (second.changed, second.modules) == (False, 1)


def test_an_app_of_10000_files_arrives_and_is_sent_once(target: Target) -> None:
    name = target.add_app()
    for folder in range(100):
        (target.source(name) / ("part_%d" % folder)).mkdir()
        for number in range(100):
            (target.source(name) / ("part_%d" % folder) / ("file_%d.py" % number)).write_text("x = %d\n" % number)
    first = timed("10,000 files, first run", target)
    assert len(list(target.code(first, name).glob("part_*/*.py"))) == 10_000
    second = timed("10,000 files, nothing changed", target)
    assert (second.changed, second.modules) == (False, 1)


def kill_the_module(target: Target, releases: Path, killed: list[str]) -> None:
    """SIGKILL to the process that holds the host's lock, as soon as a release is being written."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        part = next(releases.glob(".part-*/code/*"), None) if releases.exists() else None
        holder = re.match(r"pid (\d+)", Path(target.layout.lock).read_text()) if part else None
        if part and holder:
            os.kill(int(holder.group(1)), signal.SIGKILL)
            killed.append(str(part))
            return
        time.sleep(0.001)


def test_a_killed_run_leaves_no_release_and_the_next_one_converges(target: Target) -> None:
    """A run that is killed leaves only unfinished work, under a name that says so; C-09."""
    name = target.add_app()
    add_large_file(target.source(name), "model.bin", 300)
    releases, killed = Path(target.app(name).releases), t.cast("list[str]", [])
    killer = threading.Thread(target=kill_the_module, args=(target, releases, killed))
    killer.start()
    target.run()
    killer.join()
    assert killed
    assert [path.name[:6] for path in releases.iterdir()] == [".part-"]
    outcome = target.run()
    assert outcome.changed
    assert [path.name for path in releases.iterdir()] == [outcome.app(name)["release"]]
