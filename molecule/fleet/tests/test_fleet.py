# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several hosts, one folder of apps. The steps build on each other.

Bookworm serves app_1 and app_2, trixie app_1, until app_2 moves. A third host is only a name that nobody answers to.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from helpers.containers import containers, get, healthy, streamlit_processes
from helpers.playbooks import play_on_all
from testinfra import get_host
from testinfra.host import Host

BOOKWORM, TRIXIE = (name.removeprefix("docker://") for name in containers())
APPS = Path(__file__).resolve().parents[3] / "apps"
MOVED = {BOOKWORM: ["app_1"], TRIXIE: ["app_1", "app_2"]}


@pytest.fixture(scope="module")
def bookworm() -> Host:
    return get_host("docker://" + BOOKWORM)


@pytest.fixture(scope="module")
def trixie() -> Host:
    return get_host("docker://" + TRIXIE)


@pytest.fixture(scope="module")
def apps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the apps, to be changed."""
    return Path(shutil.copytree(APPS, tmp_path_factory.mktemp("fleet") / "apps"))


def inventory(folder: Path, hosts: dict[str, dict[str, object]]) -> Path:
    """A second inventory, which says something else about hosts of the first."""
    path = folder / "fleet.json"
    path.write_text(json.dumps({"all": {"hosts": hosts}}))
    return path


def site(apps: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the site playbook on all hosts."""
    return play_on_all("site", *words, pyapps_apps_dir=str(apps))


def live(*hosts: Host) -> list[str]:
    """What serves on each host, in which version."""
    return [host.check_output("readlink /srv/pyapps/apps/*/live; cat /etc/pyapps/catalog.json") for host in hosts]


def edit(apps: Path, app: str, line: str) -> None:
    script = apps / app / (app + ".py")
    script.write_text(line + "\n" + script.read_text())


def users(host: Host) -> list[str]:
    return sorted(streamlit_processes(host))


def test_each_host_serves_what_it_is_said_to(bookworm: Host, trixie: Host) -> None:
    assert users(bookworm) == ["pyapp-app_1", "pyapp-app_2"]
    assert healthy(bookworm, "app-1")
    assert healthy(bookworm, "app-2")
    assert users(trixie) == ["pyapp-app_1"]
    assert healthy(trixie, "app-1")
    assert get(trixie, "/app-2/").status == 404
    assert "App 2" not in get(trixie, "/").body
    assert not trixie.file("/srv/pyapps/apps/app_2").exists


def test_no_host_is_changed_while_one_is_refused(bookworm: Host, trixie: Host, apps: Path) -> None:
    """One validation over all hosts before the first change; in check mode it says the same."""
    edit(apps, "app_1", "# A first change")
    before = live(bookworm, trixie)
    trixie.check_output("sed -i s/molecule/somebody-else/ /etc/pyapps/catalog.json")
    for words in ([], ["--check"]):
        done = site(apps, *words)
        assert done.returncode == 2
        assert "this host was laid out from another source: somebody-else" in done.stdout
        assert "Nothing was changed on any host, because of %s: see above" % TRIXIE in done.stdout
        assert "Serve the apps" not in done.stdout
    trixie.check_output("sed -i s/somebody-else/molecule/ /etc/pyapps/catalog.json")
    assert live(bookworm, trixie) == before


def test_a_limited_run_removes_nothing(bookworm: Host, trixie: Host, apps: Path, tmp_path: Path) -> None:
    """Rule 7: the app's new host may not have it yet."""
    moved = inventory(tmp_path, {name: {"pyapps_apps": names} for name, names in MOVED.items()})
    before = live(bookworm, trixie)
    done = site(apps, "-i", moved, "--limit", BOOKWORM)
    assert done.returncode == 2
    assert "a run with --limit removes nothing, and app_2 would be removed" in done.stdout
    assert live(bookworm, trixie) == before


def test_a_limited_run_changes_its_hosts_only(bookworm: Host, trixie: Host, apps: Path) -> None:
    bookworm_before, trixie_before = live(bookworm, trixie)
    done = site(apps, "--limit", TRIXIE)
    assert done.returncode == 0
    assert live(bookworm) == [bookworm_before]
    assert live(trixie) != [trixie_before]
    assert "no host of the inventory serves" not in done.stdout


def test_an_app_moves_while_a_host_is_switched_off(bookworm: Host, trixie: Host, apps: Path, tmp_path: Path) -> None:
    """Other hosts go on, one after the other, and the run ends as one in which a host was not reached."""
    gone: dict[str, object] = {"ansible_host": "127.0.0.1", "ansible_port": 1, "pyapps_apps": ["app_1"]}
    hosts = {name: {"pyapps_apps": names, "pyapps_serial": 1} for name, names in MOVED.items()}
    done = site(apps, "-i", inventory(tmp_path, {**hosts, "pyapps-fleet-gone": gone}))
    assert done.returncode == 4
    assert done.stdout.count("PLAY [Serve the apps]") == 3  # one batch is the host that is gone
    assert users(bookworm) == ["pyapp-app_1"]
    assert get(bookworm, "/app-2/").status == 404
    assert users(trixie) == ["pyapp-app_1", "pyapp-app_2"]
    assert healthy(trixie, "app-2")


def test_an_app_that_fails_on_one_host_leaves_the_others_alone(
    bookworm: Host, trixie: Host, apps: Path, tmp_path: Path
) -> None:
    """The run ends failed, and its table names host and app."""
    edit(apps, "app_1", "# A second change")
    edit(apps, "app_2", "import no_such_module_of_mine")
    moved = inventory(tmp_path, {name: {"pyapps_apps": names} for name, names in MOVED.items()})
    before = live(bookworm, trixie)
    done = site(apps, "-i", moved)
    assert done.returncode == 2
    table = done.stdout.split("apps on " + TRIXIE)[1]
    assert "app_2 failed at step script" in table
    assert "fatal: [%s]" % TRIXIE in done.stdout
    assert "fatal: [%s]" % BOOKWORM not in done.stdout
    after = live(bookworm, trixie)
    assert after[0] != before[0]
    assert after[1] != before[1]
    assert healthy(trixie, "app-2")
