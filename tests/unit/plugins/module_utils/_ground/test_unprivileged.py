# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that run without the run's own rights."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import unprivileged as process

ENVIRONMENT = {"PATH": "/usr/bin:/bin"}


def test_a_program_gets_only_what_it_is_given(tmp_path: Path) -> None:
    """Nothing of our environment leaks in; input and output pass."""
    os.environ["LEAK"] = "1"
    outcome = process.run_program(["sh", "-c", "cat; env"], ENVIRONMENT, str(tmp_path), 20, None, "given\n")
    del os.environ["LEAK"]
    assert outcome.rc == 0
    assert outcome.out.splitlines()[0] == "given"
    assert "LEAK" not in outcome.out


def test_a_program_that_takes_too_long_is_killed_with_its_children(tmp_path: Path) -> None:
    """S0-24: and what it said until then is kept."""
    outcome = process.run_program(["sh", "-c", "echo begun; sleep 600 & wait"], ENVIRONMENT, str(tmp_path), 0.5, None)
    assert (outcome.seconds, outcome.out) == (0.5, "begun\n")


def test_what_a_program_leaves_running_is_not_waited_for(tmp_path: Path) -> None:
    """A session of its own is killed by nobody, and keeps the outputs open."""
    script = "echo begun; setsid sleep 600 & echo $! > pid; %s"
    for then, seconds, code in (("exit 3", 600, 3), ("exec sleep 600", 0.5, 124)):
        outcome = process.run_program(["sh", "-c", script % then], ENVIRONMENT, str(tmp_path), seconds, None)
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)  # it was there until now
        assert (outcome.rc, outcome.out) == (code, "begun\n")


def test_no_more_is_taken_than_somebody_could_mean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program may say what it likes; half a lock is none."""
    monkeypatch.setattr(process, "_MOST_SAID", 8192)
    script = "head -c %d /dev/zero >&%d; exit 0"
    err = process.run_program(["sh", "-c", script % (9000, 2)], ENVIRONMENT, str(tmp_path), 60, None)
    assert (err.rc, err.err) == (0, "\0" * 8192)
    out = process.run_program(["sh", "-c", script % (9000, 1)], ENVIRONMENT, str(tmp_path), 60, None)
    assert (out.rc, out.out, out.err) == (1, "", "it said more than 8192 bytes")
    less = process.run_program(["sh", "-c", script % (8191, 1)], ENVIRONMENT, str(tmp_path), 60, None)
    assert (less.rc, less.out, less.err) == (0, "\0" * 8191, "")


def test_last_lines_show_the_end_of_what_was_said() -> None:
    """S0-24."""
    err = "".join("line %d\n" % number for number in range(100))
    assert process.Outcome(1, "", err).last_lines(2) == "line 98\nline 99"


def test_closed_folder_names_the_first_one_that_others_can_not_enter(tmp_path: Path) -> None:
    """S0-24: what root passes and the build user does not."""
    closed = tmp_path / "closed"
    (closed / "open").mkdir(parents=True)
    closed.chmod(0o700)
    above = process.closed_folder(str(tmp_path))
    assert process.closed_folder(str(closed / "open")) == (above or str(closed))
    assert process.closed_folder("/usr/bin") is None
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


def test_a_program_dies_with_the_run(tmp_path: Path) -> None:
    """S0-23: after SIGKILL of the run no uv goes on writing into the store."""
    script = "import sys; sys.path[:0] = %r\nfrom %s import run_program\nrun_program(%r, %r, %r, 600, None)\n" % (
        sys.path,
        process.__name__,
        ["sh", "-c", "echo $$ > started; mv started pid; exec sleep 600"],
        ENVIRONMENT,
        str(tmp_path),
    )
    deadline = time.monotonic() + 60
    with subprocess.Popen([sys.executable, "-c", script]) as run:
        while not (tmp_path / "pid").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        run.kill()
    pid = int((tmp_path / "pid").read_text())
    try:
        while is_running(pid) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not is_running(pid)
    finally:
        if is_running(pid):
            os.kill(pid, signal.SIGKILL)


def is_running(pid: int) -> bool:
    """Whether it still does something; a zombie waits only to be counted."""
    try:
        return Path("/proc/%d/stat" % pid).read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
