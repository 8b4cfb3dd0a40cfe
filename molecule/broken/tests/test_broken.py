# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One app's failure is one app's failure: the others keep serving, and the message names app and cause (C-09)."""

from __future__ import annotations

import shutil
import subprocess
import typing as t
from pathlib import Path

import pytest
from helpers.apps import SETTINGS, make_app
from helpers.containers import containers, get, healthy, streamlit_processes
from helpers.playbooks import play
from testinfra.host import Host

testinfra_hosts = containers()
APPS = Path(__file__).resolve().parents[3] / "apps"


class Run(t.NamedTuple):
    """A run with broken apps, and the apps' processes before it."""

    done: subprocess.CompletedProcess[str]
    before: dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def run(host: Host, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """App 1 as it was, app 2 edited so that it cannot be imported, and five new ones that cannot start."""
    apps = tmp_path_factory.mktemp("apps")
    shutil.copytree(APPS, apps, dirs_exist_ok=True)
    script = apps / "app_2" / "app_2.py"
    script.write_text("import no_such_module_of_mine\n" + script.read_text())
    make_app(apps / "bad_requirements", files={"requirements.txt": "no-such-package-of-mine==1.0\n"})
    make_app(apps / "bad_package", files={"packages.txt": "no-such-package-of-debian\nbash+\n"})
    make_app(apps / "crash_loop", files={"main.py": "import os\n\nos._exit(3)\n", "packages.txt": "hello\nbash\n"})
    make_app(apps / "raises", files={"main.py": 'raise RuntimeError("the answer is 41")\n'})
    make_app(apps / "greedy", SETTINGS + "[limits]\nmemory = 300\n", {"main.py": "block = bytearray(900 << 20)\n"})
    before = streamlit_processes(host)
    return Run(play("site", host, pyapps_apps_dir=str(apps), pyapps_apt_packages=True), before)


@pytest.mark.parametrize(
    ("app", "cause"),
    [
        ("app_2", "no_such_module_of_mine"),
        ("bad_requirements", "no-such-package-of-mine"),
        ("bad_package", "packages.txt names no-such-package-of-debian, bash+, which Debian GNU/Linux"),
        ("crash_loop", "crash_loop"),
        ("raises", "the answer is 41"),
        ("greedy", "[limits] memory = 300 (MB)"),
    ],
)
def test_the_run_fails_and_names_app_and_cause(run: Run, app: str, cause: str) -> None:
    assert run.done.returncode == 2
    assert app in run.done.stdout
    assert cause in run.done.stdout
    assert "An exception occurred during task execution" not in run.done.stdout


def test_the_others_keep_their_processes_and_serve(host: Host, run: Run) -> None:
    """The app that was broken by an edit goes on in its old version."""
    assert streamlit_processes(host) == run.before
    assert healthy(host, "app-1")
    assert healthy(host, "app-2")


@pytest.mark.parametrize("app", ["bad-requirements", "bad-package", "crash-loop", "raises", "greedy"])
def test_an_app_that_never_served_is_not_reachable(host: Host, run: Run, app: str) -> None:
    assert run.done.returncode == 2
    assert get(host, "/%s/" % app).status in (404, 503)


def test_packages_of_debian_are_installed_for_whom_they_are_known(host: Host, run: Run) -> None:
    """In one go, although another app names what Debian does not have."""
    assert run.done.returncode == 2
    assert host.package("hello").is_installed


def test_a_candidate_that_failed_leaves_no_program(host: Host, run: Run) -> None:
    assert run.done.returncode == 2
    programs = host.check_output("ls /etc/pyapps/supervisor/programs").split()
    apps = [name.split(".")[0] for name in programs if not name.startswith("pyapps-")]
    assert sorted(apps) == ["app_1", "app_2"]


def test_errors_in_settings_stop_the_run_before_anything_changes(host: Host, tmp_path: Path) -> None:
    """S0-06, S0-07: a missing entry file and a typo, of two apps, are both reported at once, and nothing is touched."""
    shutil.copytree(APPS, tmp_path, dirs_exist_ok=True)
    make_app(tmp_path / "no_entry", settings='[streamlit]\nentry_file = "gone.py"\n')
    make_app(tmp_path / "typo", settings='titel = "A typo"\n' + SETTINGS)
    live = host.check_output("readlink /srv/pyapps/apps/app_1/live /srv/pyapps/apps/app_2/live")
    done = play("site", host, pyapps_apps_dir=str(tmp_path))
    assert done.returncode == 2
    for expected in ("gone.py", "entry_file", "titel", "title", "no_entry", "typo"):
        assert expected in done.stdout
    assert host.check_output("readlink /srv/pyapps/apps/app_1/live /srv/pyapps/apps/app_2/live") == live
    assert not host.file("/srv/pyapps/apps/typo").exists


def test_an_app_with_limits_runs_in_a_scope_of_its_own(host: Host, tmp_path: Path) -> None:
    """Operations: where systemd runs, the kernel holds ``[limits]`` against all processes of an instance together."""
    # Its test asks for more than RLIMIT_DATA would give, and uses less than the scope holds.
    limited = '[limits]\nmemory = 400\ncpu = 50\n[deploy]\ntest = "python ask.py"\n'
    ask = "import mmap\n\nmmap.mmap(-1, 900 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)\n"
    make_app(tmp_path / "bounded", SETTINGS + limited, {"ask.py": ask})
    done = play("site", host, pyapps_apps_dir=str(tmp_path), pyapps_allow_removal=True)
    assert done.returncode == 0
    process = streamlit_processes(host)["pyapp-bounded"]
    groups = host.file("/proc/%s/cgroup" % process["pid"]).content_string
    (group,) = {line.partition(".slice/")[2] for line in groups.splitlines() if line.endswith(".scope")}
    said = host.check_output("systemctl show --property=MemoryMax --property=CPUQuotaPerSecUSec %s", group)
    assert sorted(said.splitlines()) == ["CPUQuotaPerSecUSec=500ms", "MemoryMax=%d" % (400 << 20)]
    status = host.file("/proc/%s/status" % process["pid"]).content_string
    uid = host.user("pyapp-bounded").uid
    assert ["Uid:", *[str(uid)] * 4] in [line.split() for line in status.splitlines()]
    assert healthy(host, "bounded")
