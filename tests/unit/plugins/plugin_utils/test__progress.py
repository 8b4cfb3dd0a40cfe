# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module tells while it works, and how it is read along."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.progress import Progress
from ansible_collections.selfhost.pyapps.plugins.plugin_utils import _progress
from ansible_collections.selfhost.pyapps.plugins.plugin_utils._progress import Relay


class Connection:
    """As much of a connection as is used."""

    transport = "local"

    def __init__(self) -> None:
        self.become: object = "sudo"
        self.asked = 0

    def set_become_plugin(self, plugin: object) -> None:
        self.become = plugin

    def exec_command(self, command: str, sudoable: bool) -> tuple[int, bytes, bytes]:
        self.asked += 1
        path = Path(command.split("'")[1] if "'" in command else command.split(" ")[1])
        assert (self.become, sudoable) == (None, False)
        return (0, path.read_bytes(), b"") if path.exists() else (1, b"", b"no such file")


def test_lines_are_shown_once_while_the_module_works(tmp_path: Path) -> None:
    """Progress of all environments of a run is shown; the last lines come with the result."""
    path, shown = tmp_path / "a folder", threading.Event()
    path.mkdir()
    seen: list[str] = []

    def show(line: str) -> None:
        seen.append(line)
        shown.set()

    relay = Relay(Connection(), str(path / "progress"), show)
    progress = Progress(str(path / "progress"), relay.token)
    with relay.running():
        progress.say("app_1: resolving\nrequirements.txt")
        assert shown.wait(20)
        assert seen == ["app_1: resolving requirements.txt"]
        progress.say("app_1: ready")
        progress.close()
    relay.finish(progress.lines)
    assert seen == ["app_1: resolving requirements.txt", "app_1: ready"]
    assert list(path.iterdir()) == []


def test_another_runs_lines_are_not_shown(tmp_path: Path) -> None:
    """What a killed run left is not this run's."""
    seen: list[str] = []
    (tmp_path / "progress").write_text("other token\nold line\n")
    connection = Connection()
    relay = Relay(connection, str(tmp_path / "progress"), seen.append)
    with relay.running():
        deadline = time.monotonic() + 20
        while not relay._connection.asked and time.monotonic() < deadline:
            threading.Event().wait(0.05)
    assert relay._connection.asked
    assert seen == []
    assert connection.become == "sudo"


def test_nothing_to_do_writes_and_asks_nothing(tmp_path: Path) -> None:
    """A run that changes nothing costs nothing."""
    relay = Relay(Connection(), str(tmp_path / "progress"))
    progress = Progress(str(tmp_path / "progress"), relay.token)
    with relay.running():
        progress.close()
    assert relay._connection.asked == 0
    assert list(tmp_path.iterdir()) == []
    assert _progress._SECONDS >= 0.5


def test_silence_is_counted_and_what_to_expect_is_said_once() -> None:
    """Five seconds without a line make people wonder whether it hangs."""
    seen: list[str] = []
    clock = [100.0]
    counter = _progress.Counter(seen.append, "packages take a minute", lambda: clock[0])
    for _second in range(26):
        counter.tick()
        clock[0] += 1
    assert seen == ["... 5 s; packages take a minute", "... 10 s", "... 20 s"]
    counter.heard()
    for _second in range(7):
        counter.tick()
        clock[0] += 1
    assert seen[3:] == ["... 5 s"]


def test_a_block_is_counted_while_it_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_progress, "_SECONDS", 0.01)
    monkeypatch.setattr(_progress, "_FIRST", 0.02)
    shown = threading.Event()
    seen: list[str] = []

    def show(line: str) -> None:
        seen.append(line)
        shown.set()

    with _progress.counting("once", show):
        assert shown.wait(20)
    assert seen[0] == "... 0 s; once"
    count = len(seen)
    time.sleep(0.1)
    assert len(seen) == count
