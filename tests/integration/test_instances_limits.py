# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real apps with ``[limits]`` below a supervisord without systemd; with systemd: molecule/broken."""

from __future__ import annotations

import os
from pathlib import Path

from helpers.serving_host import ServingHost

GOOD = "import streamlit as st\nst.write('good')\n"
GREEDY = "import streamlit as st\nblock = bytearray(900 * 1024 * 1024)\nst.write(len(block))\n"


def test_an_app_that_goes_over_its_memory_is_refused_and_says_so(serving_host: ServingHost) -> None:
    """Operations: ``[limits] memory``. The same script without the limit goes live, so it is the limit that refuses."""
    greedy = serving_host.add_app("greedy", limits={"memory": 700, "cpu": None})
    free = serving_host.add_app("free")
    for name in (greedy, free):
        serving_host.release(name, GREEDY)
    results = serving_host.deploy().results
    assert results[free]["note"] == "live", results[free]
    assert (results[greedy]["state"], results[greedy]["step"]) == ("failed", "script"), results[greedy]
    assert "[limits] memory = 700 (MB)" in results[greedy]["reason"]
    assert "MemoryError" in results[greedy]["reason"]


def test_memory_that_not_even_streamlit_can_start_with_is_named(serving_host: ServingHost) -> None:
    name = serving_host.add_app("tiny", limits={"memory": 64, "cpu": None})
    serving_host.release(name, GOOD)
    result = serving_host.deploy().results[name]
    assert result["state"] == "failed"
    assert "[limits] memory = 64 (MB)" in result["reason"], result


def test_an_app_within_its_limits_serves_with_them(serving_host: ServingHost) -> None:
    """What the kernel holds against the process: private memory, and one processor at a lower priority."""
    name = serving_host.add_app("bounded", limits={"memory": 700, "cpu": 50})
    serving_host.release(name, GOOD)
    result = serving_host.deploy().results[name]
    assert result["note"] == "live", result
    pid = serving_host.supervisor.processes()["%s.%s" % (name, result["instance"])].pid
    lines = Path("/proc/%d/limits" % pid).read_text().splitlines()
    (data,) = (line for line in lines if line.startswith("Max data size"))
    assert data.split()[3:5] == [str(700 * 1024 * 1024)] * 2
    assert len(os.sched_getaffinity(pid)) == 1
    assert os.getpriority(os.PRIO_PROCESS, pid) == os.getpriority(os.PRIO_PROCESS, os.getpid()) + 10


def test_what_a_release_runs_before_it_starts_has_the_apps_limits(serving_host: ServingHost) -> None:
    """Its test and its release command: no way around a limit, and the same words."""
    name = serving_host.add_app("tested", limits={"memory": 700, "cpu": None})
    serving_host.apps[name]["deploy"]["test"] = "python greedy.py"
    serving_host.release(name, GOOD, files={"greedy.py": "block = bytearray(900 * 1024 * 1024)\n"})
    result = serving_host.deploy().results[name]
    assert (result["state"], result["step"]) == ("failed", "test"), result
    assert "[limits] memory = 700 (MB)" in result["reason"]
    assert "MemoryError" in result["reason"]
