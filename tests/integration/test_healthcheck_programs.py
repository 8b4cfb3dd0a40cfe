# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``pyapps healthcheck`` says of supervisord's programs and of the processes behind them."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.conf import program_text
from helpers.checked_host import CheckedHost
from helpers.supervisord import wait_for


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give the stranger another user")
def test_a_stranger_on_the_port_is_not_the_app_and_is_asked_nothing(checked: CheckedHost) -> None:
    """S0-87, C-01: though it would answer `ok`, and though supervisor says that the program runs."""
    name = checked.apps[0]
    live = checked.live(name)
    asked: list[bytes] = []
    assert checked.host.supervisor.stop(checked.program(name), 30)
    with socket.create_server(("127.0.0.1", live.port)) as stranger:
        stranger.settimeout(3)

        def answer() -> None:
            with contextlib.suppress(OSError):
                asked.append(stranger.accept()[0].recv(100))

        thread = threading.Thread(target=answer)
        thread.start()
        code, said = checked.ask()
        thread.join()
    assert code == 1
    assert "port %d is held by" % live.port in said[name]
    # The front passes visitors on all the same, until the watcher says otherwise; we do not.
    assert asked == []
    checked.host.supervisor.start(checked.program(name))


def test_a_program_that_is_ignored_may_be_in_any_state(checked: CheckedHost) -> None:
    """S0-81, X13: the published list of ignored programs had no effect."""
    checked.host.daemon.add("tail", "[program:tail]\ncommand=/bin/sleep 600\nautostart=false\n")
    code, said = checked.ask()
    assert (code, said) == (1, {"tail": "STOPPED (Not started)"})
    checked.configure(ignore_programs=("tail",))
    assert checked.ask() == (0, {})


def test_a_crash_loop_is_unhealthy_though_it_runs(checked: CheckedHost, tmp_path: Path) -> None:
    """X14, S0-47: three short lives make a crash loop, though its fourth process is RUNNING."""
    lives = tmp_path / "lives"
    script = 'echo >> "$0"; [ "$(wc -l < "$0")" -lt 4 ] || exec sleep 600; sleep 1.5'
    text = program_text(
        "looping", ["/bin/sh", "-c", script, str(lives)], layout=checked.host.layout, start_seconds=1, start_retries=100
    )
    checked.host.daemon.add("looping", text)
    wait_for(lambda: lives.exists() and len(lives.read_text()) == 4, 60, "its fourth process")
    checked.host.daemon.wait_for_state("looping", "RUNNING")
    code, said = checked.ask()
    assert code == 1
    assert "crash loop: its last 3 processes lived" in said["looping"]


def test_backoff_is_unhealthy(checked: CheckedHost) -> None:
    """S0-87: BACKOFF at its first failure, long before it is a crash loop.

    A command that is not there is never STARTING between two tries, as one that ends at once is.
    """
    text = program_text("failing", ["/nowhere/x"], layout=checked.host.layout, start_seconds=1, start_retries=100)
    checked.host.daemon.add("failing", text)
    checked.host.daemon.wait_for_state("failing", "BACKOFF")
    code, said = checked.ask()
    assert code == 1
    assert "failing" in said


def test_an_app_that_hangs_is_given_up_and_the_other_is_asked_meanwhile(checked: CheckedHost) -> None:
    """S0-82: the published question had no time limit."""
    os.kill(checked.pid(checked.apps[0]), signal.SIGSTOP)
    try:
        code, said = checked.ask("--timeout", "1.5")
    finally:
        os.kill(checked.pid(checked.apps[0]), signal.SIGCONT)
    assert code == 1
    assert list(said) == [checked.apps[0]]
    assert "no answer within" in said[checked.apps[0]]
