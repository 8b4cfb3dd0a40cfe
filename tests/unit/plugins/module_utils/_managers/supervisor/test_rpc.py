# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import typing as t

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.rpc import process_from_info

# Captured from supervisor 4.2.5 and 4.3.0, which answer alike; shortened by the logs.
CAPTURED: dict[str, dict[str, t.Any]] = {
    "RUNNING": {
        "description": "pid 12374, uptime 0:00:06",
        "pid": 12374,
        "start": 1795247236,
        "stop": 0,
        "now": 1795247242,
        "exitstatus": 0,
        "spawnerr": "",
    },
    "STARTING": {
        "description": "",
        "pid": 12374,
        "start": 1795247236,
        "stop": 0,
        "now": 1795247237,
        "exitstatus": 0,
        "spawnerr": "",
    },
    "BACKOFF": {
        "description": "Exited too quickly (process log may have details)",
        "pid": 0,
        "start": 1795247236,
        "stop": 1795247236,
        "now": 1795247237,
        "exitstatus": 0,
        "spawnerr": "Exited too quickly (process log may have details)",
    },
    "FATAL": {
        "description": "can't find command '/bin/none'",
        "pid": 0,
        "start": 1795247237,
        "stop": 0,
        "now": 1795247242,
        "exitstatus": 0,
        "spawnerr": "can't find command '/bin/none'",
    },
    "EXITED": {
        "description": "Nov 21 07:47 AM",
        "pid": 0,
        "start": 1795247236,
        "stop": 1795247239,
        "now": 1795247242,
        "exitstatus": 7,
        "spawnerr": "",
    },
    "STOPPED": {
        "description": "Not started",
        "pid": 0,
        "start": 0,
        "stop": 0,
        "now": 1795247242,
        "exitstatus": 0,
        "spawnerr": "",
    },
}


def captured(state: str, **more: t.Any) -> dict[str, t.Any]:
    logs = {"stdout_logfile": "/l/x.out.log", "stderr_logfile": "/l/x.err.log"}
    return {"name": "x", "group": "x", "statename": state, **logs, **CAPTURED[state], **more}


@pytest.mark.parametrize(
    ("state", "uptime", "exit_status", "stopped"),
    [
        ("RUNNING", 6, None, False),
        ("STARTING", 1, None, False),
        ("BACKOFF", 0, None, False),
        ("FATAL", 0, None, True),
        ("EXITED", 0, 7, True),
        ("STOPPED", 0, None, True),
    ],
)
def test_states(state: str, uptime: int, exit_status: int | None, stopped: bool) -> None:
    """S0-51: every state; supervisord's exit status 0 of a program that crashes while it starts means nothing."""
    process = process_from_info(captured(state))
    assert (process.state, process.uptime, process.exit_status, process.stopped) == (
        state,
        uptime,
        exit_status,
        stopped,
    )
    assert process.spawn_error == CAPTURED[state]["spawnerr"]


def test_names_are_those_that_people_type() -> None:
    """S0-51: a program of a group of others is group:program."""
    assert process_from_info(captured("RUNNING")).name == "x"
    assert process_from_info(captured("RUNNING", group="g")).name == "g:x"


def test_a_clock_that_was_set_back_gives_no_negative_uptime() -> None:
    """S0-51."""
    assert process_from_info(captured("RUNNING", now=1795247000)).uptime == 0
