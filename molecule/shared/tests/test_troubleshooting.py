# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What docs/troubleshooting.md tells people to type on the host says there what the page says."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.containers import containers
from helpers.pages import commands
from testinfra.host import Host

testinfra_hosts = containers()
PAGE = Path(__file__).resolve().parents[3] / "docs" / "troubleshooting.md"
# A WebSocket stays open, so curl ends when its time (-m) is over (curl(1), exit codes).
TIMEOUT = 28


@pytest.mark.parametrize(
    ("program", "code", "answer"),
    [("curl", TIMEOUT, "HTTP/1.1 101 "), ("tail", 0, ""), ("pyapps", 0, "RUNNING")],
)
def test_a_command_of_the_page_answers_as_it_says(host: Host, program: str, code: int, answer: str) -> None:
    """S1-27."""
    told = commands(PAGE, program)
    assert told
    for words in told:
        done = host.run(" ".join(["%s"] * len(words)), *words)
        # A frame of the WebSocket may come after the answer, which is no text.
        assert (done.rc, answer.encode() in done.stdout_bytes) == (code, True), done
