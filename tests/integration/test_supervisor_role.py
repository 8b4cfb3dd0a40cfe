# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role supervisor, alone and without root's help: below a folder, started by the role itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.conf import program_text
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.rpc import Supervisor
from helpers.supervisord import wait_for

_LONGEST_ROOT = 72  # whose socket's path is just short enough
PLAYBOOK = """\
- hosts: localhost
  connection: local
  gather_facts: false
  roles:
    - role: selfhost.pyapps.supervisor
      supervisor_root: {root}
      supervisor_service_manager: none
"""


class Role:
    """The role with a root folder of its own, whose name is as long as it may be and has a space and a ``%``."""

    def __init__(self, checkout: Path) -> None:
        self.checkout = checkout
        self.folder = tempfile.mkdtemp(prefix="role-")
        os.chmod(self.folder, 0o755)  # the user that builds environments has to come in
        name = "100% of "
        self.root = "%s/%s" % (self.folder, name.ljust(_LONGEST_ROOT - len(self.folder) - 1, "x"))
        self.layout = Layout(self.root)
        self.rpc = Supervisor(self.layout.supervisor_socket)
        self.playbook = Path(self.folder, "play.yml")
        self.playbook.write_text(PLAYBOOK.format(root=self.root))

    def run(self, *options: str) -> str:
        """Run it; its output."""
        command = [Path(sys.executable).with_name("ansible-playbook"), "-i", "localhost,", str(self.playbook), *options]
        environment = {
            **os.environ,
            "ANSIBLE_CONFIG": str(self.checkout / "ansible.cfg"),
            "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python3",
            "ANSIBLE_NOCOLOR": "1",
        }
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def changes(self, *options: str) -> int:
        """Run it; how many tasks changed something."""
        recap = self.run(*options).splitlines()
        return int(next(line for line in recap if "changed=" in line).split("changed=")[1].split()[0])

    def pid(self) -> int:
        return self.rpc.pid()

    def ctl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """``pyapps ctl``."""
        return subprocess.run([self.layout.command, "ctl", *arguments], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def role(checkout: Path) -> t.Iterator[Role]:
    converged = Role(checkout)
    # On a bare host, check mode foretells the run and touches nothing.
    assert converged.changes("--check", "--diff") == 6
    assert not os.path.exists(converged.root)
    assert converged.changes() == 6
    yield converged
    # Removed; and a second removal has nothing to do.
    converged.run("-e", "supervisor_state=absent")
    assert not os.path.exists(converged.layout.supervisor_socket)
    assert not os.path.exists(converged.layout.supervisor_conf)
    assert converged.changes("-e", "supervisor_state=absent") == 0
    shutil.rmtree(converged.folder)


def test_a_second_run_changes_nothing(role: Role) -> None:
    """S0-29, S0-40, S0-50: neither does check mode; the same daemon goes on, its socket closed, without the warning."""
    pid = role.pid()
    assert role.changes() == 0
    assert role.changes("--check") == 0
    assert role.pid() == pid
    assert os.stat(role.layout.supervisor_socket).st_mode & 0o777 == 0o700
    log = Path(role.layout.log, "supervisord.log").read_text()
    assert "supervisord started with pid %d" % pid in log
    assert "Privileges were not dropped" not in log
    wait_for(lambda: role.rpc.processes()["pyapps-watcher"].state == "RUNNING", 20, "its watcher runs")


def test_supervisorctl_by_an_apps_name(role: Role) -> None:
    """S0-42, S0-48, S0-51, S0-101: status 0, 3 and 4; a restart changes the pid of the app that was named only."""
    programs = {}
    for app, instance in (("app_1", "1" * 32), ("app_2", "2" * 32)):
        place = role.layout.app(app)
        os.makedirs(place.marker(instance, 20001))
        os.symlink("serving/%s.20001" % instance, place.live)
        programs[app] = "%s.%s" % (app, instance)
        text = program_text(programs[app], ["/bin/sleep", "600"], layout=role.layout, start_seconds=0)
        Path(role.layout.program(programs[app])).write_text(text)
        role.rpc.add(programs[app])
        wait_for(lambda name=programs[app]: role.rpc.processes()[name].state == "RUNNING", 10, "it runs")
    before = role.rpc.processes()

    status = role.ctl("status")
    assert status.returncode == 0
    assert [line[:43] for line in status.stdout.splitlines()] == [
        "app_1".ljust(33) + "RUNNING   ",
        "app_2".ljust(33) + "RUNNING   ",
        "pyapps-watcher".ljust(33) + "RUNNING   ",
    ], "supervisorctl pads to the longest program's name, we to the names that are shown"
    assert role.ctl("restart", "app_1").stdout == "app_1: stopped\napp_1: started\n"
    after = role.rpc.processes()
    assert after[programs["app_1"]].pid != before[programs["app_1"]].pid
    assert after[programs["app_2"]].pid == before[programs["app_2"]].pid
    assert role.ctl("pid", "app_2").stdout == "%d\n" % after[programs["app_2"]].pid

    assert role.ctl("stop", "app_1").stdout == "app_1: stopped\n"
    assert role.ctl("status").returncode == 3
    for app, program in programs.items():
        assert role.rpc.stop(program, 10)
        role.rpc.remove(program)
        os.unlink(role.layout.program(program))
        shutil.rmtree(role.layout.app(app).path)


def test_a_daemon_that_is_down_is_started_again(role: Role) -> None:
    """S0-48, S0-49: stopped by hand with its script, which tells so; check mode foretells the start."""
    script = os.path.join(os.path.dirname(role.layout.supervisor_conf), "daemon")
    assert subprocess.run([script, "stop"], check=True).returncode == 0
    assert role.ctl("status").returncode == 4
    assert subprocess.run([script, "status"], capture_output=True, check=False).returncode == 3
    assert role.changes("--check") == 1
    assert role.changes() == 1
    wait_for(lambda: role.rpc.processes()["pyapps-watcher"].state == "RUNNING", 20, "its watcher runs")
    assert subprocess.run([script, "start"], check=True).returncode == 0


def test_a_changed_configuration_restarts_the_daemon_and_keeps_a_copy(role: Role) -> None:
    """S0-26, S0-41: also when a run was killed after it had written the file; a drifted file is shown in the diff."""
    pid = role.pid()
    conf = Path(role.layout.supervisor_conf)
    good = conf.read_text()
    conf.write_text(good.replace("backups=5", "backups=7"))
    assert "-logfile_backups=7" in role.run("--check", "--diff")
    assert conf.read_text() != good
    assert role.changes() == 1
    assert conf.read_text() == good
    assert role.pid() == pid, "the daemon was started with this very text"
    assert [path.read_text() for path in conf.parent.glob("supervisord.conf.*~")] == [
        good.replace("backups=5", "backups=7")
    ]

    Path(conf.parent, "started-with").write_text("something else\n")
    assert role.changes() == 1
    assert role.pid() != pid
    assert role.changes() == 0


def test_the_watcher_alone_is_restarted_after_its_update(role: Role) -> None:
    """S0-29: our zipapp is sent again when it differs."""
    pid, watcher = role.pid(), role.rpc.processes()["pyapps-watcher"]
    wait_for(lambda: role.rpc.processes()["pyapps-watcher"].now > watcher.start + 1, 10, "the clock goes on")
    Path(role.layout.zipapp).write_bytes(b"old")
    assert role.changes() == 2
    assert role.pid() == pid
    assert role.rpc.processes()["pyapps-watcher"].pid != watcher.pid
    assert role.changes() == 0


def test_laying_out_starts_nothing(checkout: Path) -> None:
    """Design rule 11: every file is there, a second run changes nothing, and starting it later writes no file again."""
    role = Role(checkout)
    try:
        assert role.changes("-e", "supervisor_activate=false") > 0
        assert role.changes("-e", "supervisor_activate=false") == 0
        assert os.path.exists(role.layout.supervisor_conf)
        assert os.path.exists(role.layout.program("pyapps-watcher"))
        assert not os.path.exists(role.layout.supervisor_socket)
        assert role.changes() == 1
        wait_for(lambda: role.rpc.processes()["pyapps-watcher"].state == "RUNNING", 20, "its watcher runs")
    finally:
        role.run("-e", "supervisor_state=absent")
        shutil.rmtree(role.folder)
