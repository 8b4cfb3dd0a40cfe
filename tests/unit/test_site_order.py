# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which order the site playbook works: what can fail for a reason outside the host comes before the apps move."""

from __future__ import annotations

import typing as t
from pathlib import Path

import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
SITE = CHECKOUT / "playbooks" / "site.yml"


def flat(path: Path) -> list[str]:
    """The names of a role's tasks in their order, with those of imported files."""
    names = []
    for task in yaml.safe_load(path.read_text()):
        imported = task.get("ansible.builtin.import_tasks")
        names += flat(path.parent / imported) if imported else [task["name"]]
    return names


def serving(play: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    """The tasks of the play that serves, with those of the file that it includes in their place."""
    tasks = []
    for task in play["tasks"]:
        included = task.get("ansible.builtin.include_tasks")
        tasks += yaml.safe_load((SITE.parent / included).read_text()) if included else [task]
    return tasks


def test_the_steps_of_the_build_come_in_their_order() -> None:
    """S0-21: settings and clashes (both are the catalog's) before anything is changed, environments, processes, front;
    each for all apps, where the published build went through them app by app.
    """
    look, serve = yaml.safe_load(SITE.read_text())
    assert look["tasks"][-1]["ansible.builtin.import_role"]["tasks_from"] == "validate"
    names = []
    for task in serving(serve):
        role = task.get("ansible.builtin.include_role", {}).get("name", "").rpartition(".")[2]
        names += flat(CHECKOUT / "roles/streamlit_app/tasks/main.yml") if role == "streamlit_app" else [task["name"]]
    steps = [
        "Run the daemon that keeps apps running",
        "Make the environments",
        "Send the releases that are missing",
        "Bring the releases live",
        "Serve them with nginx",
    ]
    assert [name for name in names if name in steps] == steps


def test_the_tunnels_program_is_fetched_before_the_apps_move() -> None:
    """A mirror out of reach ended the run after the apps had moved, and without a table."""
    tasks = serving(yaml.safe_load(SITE.read_text())[1])
    names = [task["name"] for task in tasks]
    fetch = tasks[names.index("Fetch what the tunnel needs")]
    assert fetch["ansible.builtin.include_role"] == {"name": "selfhost.pyapps.cloudflared", "tasks_from": "program"}
    assert names.index(fetch["name"]) < names.index("Bring the apps live")
    assert names.index("Serve them with nginx") > names.index("Bring the apps live")
