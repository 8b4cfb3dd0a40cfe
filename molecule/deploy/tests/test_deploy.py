# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One app's releases on a home host: deployed, refused, tried out, taken back. The steps build on each other."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from helpers.containers import containers, get, healthy, streamlit_processes
from helpers.playbooks import play_on_all
from testinfra import get_host
from testinfra.host import Host

APP = Path(__file__).resolve().parents[3] / "apps" / "app_1"
PROCESS = "pyapp-app_1"


@pytest.fixture(scope="module")
def hosts() -> list[Host]:
    return [get_host(name) for name in containers()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the app, to be changed."""
    return Path(shutil.copytree(APP, tmp_path_factory.mktemp("deploy") / "app_1"))


def play(name: str, folder: Path, **variables: object) -> subprocess.CompletedProcess[str]:
    done = play_on_all(name, pyapps_apps_dir=str(folder), **variables)
    done.stdout = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)  # Molecule asks for colours
    return done


def write(folder: Path, line: str) -> None:
    (folder / "app_1.py").write_text(line + "\n" + (APP / "app_1.py").read_text())


def changed(done: subprocess.CompletedProcess[str]) -> set[int]:
    """How many tasks have changed something, on any host."""
    return {int(count) for count in re.findall(r"\bok=\d+ +changed=(\d+)", done.stdout)}


def live(hosts: list[Host]) -> list[str]:
    return [host.check_output("readlink /srv/pyapps/apps/app_1/live") for host in hosts]


def releases(hosts: list[Host]) -> list[str]:
    """The live release of each host, as its record says."""
    record = (
        "cat /srv/pyapps/apps/app_1/instances/$(basename $(readlink /srv/pyapps/apps/app_1/live) | cut -d. -f1).json"
    )
    found = []
    for host in hosts:
        match = re.search(r'"release": "([0-9a-f]{16})"', host.check_output(record))
        assert match
        found.append(match[1])
    return found


def test_a_second_deploy_goes_live_and_a_second_run_changes_nothing(hosts: list[Host], folder: Path) -> None:
    """C-09."""
    before = releases(hosts)
    write(folder, "# version 2")
    assert play("site", folder).returncode == 0
    assert set(releases(hosts)).isdisjoint(before)
    assert all(healthy(host, "app-1") for host in hosts)
    again = play("site", folder)
    assert (again.returncode, changed(again)) == (0, {0})


def test_a_broken_release_is_refused_each_time(hosts: list[Host], folder: Path) -> None:
    """C-09, S0-24: the process that serves is not touched, and a second run changes nothing more."""
    before = live(hosts), [streamlit_processes(host)[PROCESS] for host in hosts]
    write(folder, "raise RuntimeError('the answer is 41')")
    for _run in range(2):
        done = play("site", folder)
        assert (done.returncode, "the answer is 41" in done.stdout) == (2, True)
        assert (live(hosts), [streamlit_processes(host)[PROCESS] for host in hosts]) == before
    assert changed(done) == {0}


def test_a_preview_can_be_opened_by_its_address_only(hosts: list[Host], folder: Path) -> None:
    """The status shows it; a second run shows the same one; what is live stays so."""
    before = live(hosts)
    write(folder, "# version 3")
    done = play("deploy", folder, app="app_1", preview=True)
    assert done.returncode == 0
    paths = re.findall(r"^preview of app_1 until \S+: http://localhost(/app-1/~/\S+/)$", done.stdout, re.MULTILINE)
    assert len(paths) == len(hosts)
    assert live(hosts) == before
    shown = sorted(sum(get(host, path).status == 200 for path in paths) for host in hosts)
    assert shown == [1] * len(hosts)
    again = play("deploy", folder, app="app_1", preview=True)
    assert changed(again) == {0}
    assert sorted(re.findall(r"localhost(/app-1/~/\S+/)", again.stdout)) == sorted(paths)
    assert "preview until" in play("status", folder).stdout


def test_what_was_tried_out_goes_live_as_it_is(hosts: list[Host], folder: Path) -> None:
    before = releases(hosts)
    done = play("deploy", folder, app="app_1", promote=True)
    assert (done.returncode, done.stdout.count("no start is needed")) == (0, len(hosts))
    assert set(releases(hosts)).isdisjoint(before)
    assert all(healthy(host, "app-1") for host in hosts)


def test_a_rollback_stays_although_the_site_playbook_runs(hosts: list[Host], folder: Path) -> None:
    """S1-30."""
    newest = releases(hosts)
    done = play("rollback", folder, app="app_1")
    assert done.returncode == 0
    before = live(hosts)
    assert set(releases(hosts)).isdisjoint(newest)
    assert all(healthy(host, "app-1") for host in hosts)
    again = play("site", folder)
    assert (again.returncode, changed(again), live(hosts)) == (0, {0}, before)
    assert again.stdout.count("(%s) was rolled back" % newest[0]) >= 1
