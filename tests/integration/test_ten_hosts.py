# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run on ten hosts costs the tasks of one. The hosts are ten names of this machine."""

from __future__ import annotations

import json
import re
import tempfile
import typing as t
from pathlib import Path

import pytest
from helpers.apps import make_app
from helpers.checkout import run_playbook
from helpers.processes import free_port


@pytest.fixture
def short() -> t.Iterator[Path]:
    """A folder with a short path: a socket's may have 99 characters."""
    with tempfile.TemporaryDirectory(prefix="pyapps-ten-", dir="/var/tmp") as folder:
        yield Path(folder)


def play(folder: Path, hosts: int, *flags: str) -> str:
    """What a run of the site playbook prints. The first host's root cannot be, so all are looked at, none changed."""
    names = {"host%d" % number: {"pyapps_root": str(folder / ("root%d" % number))} for number in range(hosts)}
    names["host0"]["pyapps_root"] = str(folder / "root's")
    shared = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "/usr/bin/python3",
        "pyapps_apps_dir": str(folder / "apps"),
        "pyapps_port": free_port(),
        "pyapps_source": "ten hosts",
    }
    inventory = folder / ("hosts%d.yml" % hosts)
    inventory.write_text(json.dumps({"all": {"hosts": names, "vars": shared}}))
    return run_playbook("playbooks/site.yml", "-i", inventory, *flags).stdout


def headings(text: str) -> list[str]:
    return re.findall(r"^(?:TASK|PLAY) \[.*?\]", text, re.MULTILINE)


def cost(text: str) -> list[int]:
    """How many tasks each host had."""
    rows = re.findall(r"^host\d+ .*\bok=(\d+) .*\bfailed=(\d+) +skipped=(\d+) ", text, re.MULTILINE)
    return [sum(map(int, row)) for row in rows]


def test_ten_hosts_cost_the_tasks_of_one(short: Path) -> None:
    """Fleet: every host is looked at by the same tasks, and the one that is refused stops all before a change.

    Beside the refused host is one other, or nine.
    """
    make_app(short / "apps" / "dash")
    one, ten = play(short, 2), play(short, 10)
    assert headings(ten) == headings(one)
    _refused, alone = cost(one)
    assert len(cost(ten)) == 10
    assert max(cost(ten)) == alone
    assert "Nothing was changed on any host, because of host0" in " ".join(ten.split())
    assert not list(short.glob("root*"))


def test_no_play_is_for_one_host_only(short: Path) -> None:
    """Fleet: what comes after the look is the same list of tasks, and each play is for all hosts at once."""
    make_app(short / "apps" / "dash")
    one, ten = (play(short, hosts, "--list-tasks", "--list-hosts") for hosts in (1, 10))
    tasks = [line.strip() for line in ten.splitlines() if "TAGS:" in line]
    assert tasks == [line.strip() for line in one.splitlines() if "TAGS:" in line]
    assert len(tasks) > 15
    assert re.findall(r"hosts \((\d+)\)", ten) == ["10"] * ten.count("play #")
