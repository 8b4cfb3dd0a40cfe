# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The importer's playbook on the published repository."""

from __future__ import annotations

import os
import re
import subprocess
import sysconfig
from pathlib import Path

from helpers.published import repository

CHECKOUT = Path(__file__).resolve().parents[2]
PLAYBOOK = Path(sysconfig.get_path("scripts")) / "ansible-playbook"


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PLAYBOOK, CHECKOUT / "playbooks" / "import.yml", *words],
        cwd=CHECKOUT,
        env={**os.environ, "LC_ALL": "C.UTF-8", "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )


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
