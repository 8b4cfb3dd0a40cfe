# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services that run, and programs that are there."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._host import services


@pytest.mark.parametrize(("active", "enabled", "runs"), [(0, 0, True), (3, 0, False), (0, 1, False), (3, 1, False)])
def test_a_service_of_systemd_runs_when_it_is_active_and_enabled(active: int, enabled: int, runs: bool) -> None:
    def run(command: list[str]) -> tuple[int, str, str]:
        return {"is-active": active, "is-enabled": enabled}[command[1]], "", ""

    assert services.runs("nginx", "systemd", run) is runs


@pytest.mark.parametrize(("status", "links", "runs"), [(0, True, True), (3, True, False), (0, False, False)])
def test_a_service_of_an_init_script_runs_when_it_says_so_and_is_started_with_the_host(
    status: int, links: bool, runs: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    monkeypatch.setattr(services.glob, "glob", lambda pattern: seen.append(pattern) or (["x"] if links else []))
    assert services.runs("nginx", "sysv", lambda command: (status, "", "")) is runs
    assert seen == ["/etc/rc[2345].d/S[0-9][0-9]nginx"]


def test_a_program_is_a_file_that_can_be_run(tmp_path: Path) -> None:
    there, plain = tmp_path / "there", tmp_path / "plain"
    for path, mode in ((there, 0o755), (plain, 0o644)):
        path.write_text("")
        path.chmod(mode)
    gone = str(tmp_path / "gone")
    assert services.missing([str(there), gone]) == [gone]
    assert services.missing([str(there)]) == []
