# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.report import (
    CRITICAL,
    INFO,
    Finding,
    Report,
    as_json,
    as_lines,
    as_prometheus,
)

WELL = Finding("app", "app_1", state="RUNNING", detail="pid 8, uptime 0:00:03", url="http://localhost/app-1/")
ILL = Finding("app", "app_2", ("FATAL (gave up)", "nothing listens on port 8002"), state="FATAL", detail="gave up")
UNTOLD = Finding("supervisor", "supervisor", unknown=("UNHEALTHY - Could not fetch supervisorctl status: gone",))


def report(*findings: Finding) -> Report:
    return Report(findings, "2026-11-21T07:42:00Z", 0.25)


@pytest.mark.parametrize(
    ("findings", "state", "code"),
    [((), "healthy", 0), ((WELL,), "healthy", 0), ((WELL, ILL), "unhealthy", 1), ((ILL, UNTOLD, WELL), "unknown", 2)],
)
def test_the_exit_code_says_healthy_unhealthy_or_could_not_tell(
    findings: tuple[Finding, ...], state: str, code: int
) -> None:
    assert (report(*findings).state, report(*findings).exit_code) == (state, code)
    assert json.loads(as_json(report(*findings)))["state"] == state


def test_lines_are_the_published_ones_and_every_problem_has_its_own() -> None:
    """S0-84, S0-86."""
    assert as_lines(report(WELL, ILL)) == [
        (INFO, "[CHECK] Starting health check"),
        (INFO, "app_1 - RUNNING - pid 8, uptime 0:00:03"),
        (INFO, "[CHECK] http://localhost/app-1/ is online"),
        (CRITICAL, "app_2 - FATAL - gave up"),
        (CRITICAL, "[CHECK] app_2 - FATAL (gave up)"),
        (CRITICAL, "[CHECK] app_2 - nothing listens on port 8002"),
        (CRITICAL, "[CHECK] UNHEALTHY - 2 problems: app_2"),
    ]
    assert as_lines(report(WELL))[-1] == (INFO, "[CHECK] All systems are GO!")
    always = Report([], "", 0.0, always_healthy=True)
    assert [text for _level, text in as_lines(always)] == [
        "[CHECK] Starting health check",
        "[CHECK] ALWAYS_HEALTHY is enabled",
    ]


def test_json_has_every_check_and_every_problem() -> None:
    found = json.loads(as_json(report(WELL, ILL, UNTOLD)))
    assert [problem["name"] for problem in found["problems"]] == ["app_2", "app_2", "supervisor"]
    assert [(check["name"], check["healthy"]) for check in found["checks"]] == [
        ("app_1", True),
        ("app_2", False),
        ("supervisor", False),
    ]


def test_prometheus_text_escapes_names_and_declares_each_metric_once() -> None:
    odd = Finding("host", '/a "b"\\c', numbers={"disk_free_ratio": 0.25})
    text = as_prometheus(report(WELL, ILL, odd), 1763710920.5)
    lines = text.splitlines()
    assert r'pyapps_disk_free_ratio{path="/a \"b\"\\c"} 0.25' in lines
    assert 'pyapps_check_healthy{kind="app",name="app_2"} 0' in lines
    assert "pyapps_healthy 0" in lines
    assert "pyapps_unknown 0" in lines
    types = [line for line in lines if line.startswith("# TYPE")]
    assert len(types) == len(set(types))
    assert text.endswith("\n")
