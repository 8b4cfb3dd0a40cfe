# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The importer's playbook on the published repository."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from helpers.checkout import run_playbook
from helpers.published import repository


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return run_playbook("playbooks/import.yml", *words)


def changed(done: subprocess.CompletedProcess[str]) -> int:
    assert done.returncode == 0, done.stdout
    return int(re.findall(r"\bchanged=(\d+)", done.stdout)[-1])


def test_a_published_repository_is_imported_once(tmp_path: Path) -> None:
    """S0-01: shown first, then made, and validated by the playbook's own last step; a second run changes nothing."""
    source, destination = repository(tmp_path / "self hosted"), tmp_path / "self hosted-pyapps"
    only_source = ("-e", '{"source": "%s"}' % source)
    shown = run(*only_source, "--check", "--diff")
    assert changed(shown) == 1
    assert 'base_path = "/app-2"' in shown.stdout
    assert "WORLD" not in shown.stdout
    assert not destination.exists()
    done = run(*only_source)
    assert changed(done) == 1
    for told in ("apps/app_1: taken", "build.py: left", "2 apps are in"):
        assert told in done.stdout
    assert changed(run(*only_source)) == 0


def test_a_path_that_is_not_absolute_is_refused() -> None:
    done = run("-e", "source=apps")
    assert done.returncode == 2
    assert "allowed is an absolute path" in " ".join(done.stdout.split())
