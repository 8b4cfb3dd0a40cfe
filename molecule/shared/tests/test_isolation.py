# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an app may do on its host: as its own user, tried."""

from __future__ import annotations

import re

import pytest
from helpers.containers import as_user, containers, streamlit_processes
from testinfra.host import Host

testinfra_hosts = containers()
CONNECT = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"


def test_each_app_runs_as_its_own_user_and_listens_on_this_host_only(host: Host) -> None:
    """S0-44, S0-45, C-04."""
    processes = streamlit_processes(host)
    assert set(processes) == {"pyapp-app_1", "pyapp-app_2"}
    for process in processes.values():
        port = re.search(r"--server\.port[= ](\d+)", process["args"])
        assert port
        listeners = host.check_output("ss -Hltn sport = :%s", port[1])
        assert [line.split()[3] for line in listeners.splitlines()] == ["127.0.0.1:" + port[1]]


def test_no_app_can_open_a_control_socket(host: Host) -> None:
    """S0-40 and the safety rules: sockets of supervisor and of Caddy's admin, by connecting to them."""
    ours = host.check_output("find /run/pyapps /srv/pyapps -type s").split()
    assert [path for path in ours if path.endswith("supervisor.sock")]
    assert "caddy" not in host.backend.name or [path for path in ours if path.endswith("admin.sock")]
    for socket in ours:
        assert host.run("python3 -c %s %s", CONNECT, socket).rc == 0, socket
        assert as_user(host, "pyapp-app_1", "python3 -c %s %s", CONNECT, socket) != 0, socket


def test_an_app_writes_to_its_data_folder_and_nowhere_else(host: Host) -> None:
    """Everything above an app's ``data/`` is root's."""
    app = "/srv/pyapps/apps/app_1"
    assert as_user(host, "pyapp-app_1", "touch %s", app + "/data/mine") == 0
    places = [app, app + "/releases", app + "/serving", app + "/live", "/srv/pyapps/apps/app_2/data"]
    places += ["/srv/pyapps", "/srv/pyapps/envs", "/srv/pyapps/cache", "/srv/pyapps/assets", "/etc/pyapps"]
    for place in places:
        assert as_user(host, "pyapp-app_1", "touch %s", place + "/planted") != 0, place
    writable = host.run(
        "runuser -u pyapp-app_1 -- find /srv/pyapps /etc/pyapps -not -type l -writable 2>/dev/null"
    ).stdout
    assert [path for path in writable.split("\n") if path and not path.startswith(app + "/data")] == []
    host.check_output("rm %s", app + "/data/mine")


@pytest.mark.parametrize("place", ["releases/*", "data", "serving"])
def test_an_app_can_not_look_into_another_one(host: Host, place: str) -> None:
    """Its code, its data, and the names of its instances, which browsers alone may know."""
    folders = host.check_output("ls -d /srv/pyapps/apps/app_2/" + place).split()
    assert folders
    for folder in folders:
        assert as_user(host, "pyapp-app_2", "test -x %s", folder) == 0
        assert as_user(host, "pyapp-app_1", "ls %s", folder) != 0


def test_users_carry_our_mark_and_a_uid_of_our_own_range(host: Host) -> None:
    """Neither Debian nor systemd gives these ids to anybody."""
    entries = [line.split(":") for line in host.check_output("getent passwd").splitlines()]
    ours = {name: fields for name, *fields in entries if name.startswith("pyapp")}
    assert {"pyapps-build", "pyapp-app_1", "pyapp-app_2"} <= set(ours)
    for name, (_password, uid, gid, description, _home, shell) in ours.items():
        assert 60706 <= int(uid) == int(gid) <= 61183, name
        assert description.startswith("selfhost.pyapps "), name
        assert shell == "/usr/sbin/nologin"


def test_no_app_reads_or_lists_a_log(host: Host) -> None:
    """Another one's, its own, the daemon's, the watcher's, and what visitors ask for."""
    assert (host.file("/var/log/pyapps").user, host.file("/var/log/pyapps").group) == ("root", "adm")
    files = host.check_output("find /var/log/pyapps /var/log/nginx -name '*.log*' 2>/dev/null || true").split()
    files = [path for path in files if "/pyapps" in path]
    assert [path for path in files if "app_2" in path]
    for user in ("pyapp-app_1", "pyapp-app_2"):
        assert as_user(host, user, "ls /var/log/pyapps") != 0
        assert [path for path in files if as_user(host, user, "cat %s", path) == 0] == []
