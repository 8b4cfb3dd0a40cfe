# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which order the site playbook works: what can fail for a reason outside the host comes before the apps move."""

from __future__ import annotations

from pathlib import Path

import yaml

SITE = Path(__file__).resolve().parents[2] / "playbooks" / "site.yml"


def test_the_tunnels_program_is_fetched_before_the_apps_move() -> None:
    """A mirror out of reach ended the run after the apps had moved, and without a table."""
    tasks = yaml.safe_load(SITE.read_text())[1]["tasks"]
    names = [task["name"] for task in tasks]
    fetch = tasks[names.index("Fetch what the tunnel needs")]
    assert fetch["ansible.builtin.include_role"] == {"name": "selfhost.pyapps.cloudflared", "tasks_from": "program"}
    assert names.index(fetch["name"]) < names.index("Bring the apps live")
    assert names.index("Serve them with nginx") > names.index("Bring the apps live")
