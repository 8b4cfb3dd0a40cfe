# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A command of a release: how it ends, what is kept of what it says, and that nothing of it stays."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.task import TaskEnd, run_task
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout

STARTER = "import os, sys; words = sys.argv[sys.argv.index('--') + 1:]; os.execvp(words[0], words)\n"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A host with a stand-in for our program: it starts the command, and no more."""
    layout = Layout(str(tmp_path))
    Path(layout.zipapp).parent.mkdir(parents=True)
    Path(layout.zipapp).write_text(STARTER)
    return layout


def run(layout: Layout, script: str, seconds: float = 20) -> TaskEnd:
    return run_task(layout, "one", "r1", None, ["sh", "-c", script], seconds)


def test_a_command_that_succeeds(layout: Layout) -> None:
    assert run(layout, "echo out; echo err >&2") == (0, None, ["out", "err"])


@pytest.mark.parametrize(
    ("script", "code", "problem"),
    [("exit 3", 3, "ended with exit status 3"), ("kill -9 $$", -9, "was ended by signal 9 (Killed)")],
)
def test_how_a_command_ended_is_told(layout: Layout, script: str, code: int, problem: str) -> None:
    assert run(layout, script)[:2] == (code, problem)


def test_a_command_that_does_not_end_is_killed_with_its_children(layout: Layout, tmp_path: Path) -> None:
    begun = time.monotonic()
    end = run(layout, "sleep 30 & echo $! > %s; echo began; wait" % (tmp_path / "child"), 1)
    assert end == (None, "did not end within 1 s", ["began"])
    assert 1 <= time.monotonic() - begun < 10
    child = int((tmp_path / "child").read_text())
    deadline = time.monotonic() + 5
    while _runs(child):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _runs(pid: int) -> bool:
    try:
        return Path("/proc/%d/stat" % pid).read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_child_that_keeps_the_pipe_open_is_not_waited_for(layout: Layout) -> None:
    begun = time.monotonic()
    assert run(layout, "sleep 30 & echo done") == (0, None, ["done"])
    assert time.monotonic() - begun < 10


def test_a_command_that_closes_its_output_is_still_waited_for(layout: Layout) -> None:
    begun = time.monotonic()
    assert run(layout, "echo said; exec >&- 2>&-; sleep 0.5; exit 4") == (4, "ended with exit status 4", ["said"])
    assert time.monotonic() - begun >= 0.5


def test_of_very_much_output_the_end_is_kept(layout: Layout) -> None:
    end = run(layout, "yes line | head -c 3000000; echo last")
    assert (end.code, end.log[-1]) == (0, "last")
    assert len(end.log) <= 20


def test_a_command_that_never_stops_talking_ends_all_the_same(layout: Layout) -> None:
    assert run(layout, "yes", 0.5).problem == "did not end within 0.5 s"


def test_it_has_nothing_of_the_runs_environment_and_no_input(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "x")
    assert run(layout, "echo [$SECRET]; cat; pwd; echo $LANG").log == ["[]", "/", "C.UTF-8"]


def test_it_leads_a_session_of_its_own(layout: Layout) -> None:
    (session,) = run(layout, "ps -o sid= -p $$").log
    assert int(session) != os.getsid(0)
