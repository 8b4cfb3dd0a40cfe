# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Removal is a first-class state (S0-30, C-10). The steps build on each other, on each host."""

from __future__ import annotations

from helpers.containers import containers, get, handshake, healthy, streamlit_processes, wait_for
from helpers.playbooks import play
from testinfra.host import Host

testinfra_hosts = containers()
DATA = "/srv/pyapps/apps/app_2/data/visitors.txt"


def _traces(host: Host, app: str) -> list[str]:
    """What names an app on the host, outside its data folder."""
    found = host.run("find /etc /srv /run /var/log -xdev -path '*%s*' -not -path '*/data*'" % app).stdout.split()
    users = [line for line in host.file("/etc/passwd").content_string.splitlines() if app in line]
    return [path for path in found if path != "/srv/pyapps/apps/" + app] + users


def test_the_host_is_the_one_that_the_scenario_says(host: Host) -> None:
    """C-18: Debian's own daemon on one, no systemd on the other."""
    daemons = host.check_output("pgrep -af '[s]upervisord'")
    if "bookworm" in host.backend.name:
        assert "/etc/supervisor/supervisord.conf" in daemons
        assert "/etc/pyapps/" not in daemons
    else:
        assert "/etc/pyapps/supervisor/" in daemons
        assert host.file("/proc/1/comm").content_string == "sshd\n"


def test_apps_are_served_and_watched_there_too(host: Host) -> None:
    """S0-46, S0-63."""
    before = streamlit_processes(host)
    for app in ("app-1", "app-2"):
        assert healthy(host, app)
        assert handshake(host, "/%s/_stcore/stream" % app, origin="http://localhost") == 101
    host.check_output("kill -KILL %s", before["pyapp-app_1"]["pid"])
    wait_for("app 1 has a new process", lambda: streamlit_processes(host).keys() == before.keys())
    wait_for("app 1 serves again", lambda: healthy(host, "app-1"))
    after = streamlit_processes(host)
    assert after["pyapp-app_1"]["pid"] != before["pyapp-app_1"]["pid"]
    assert after["pyapp-app_2"] == before["pyapp-app_2"]


def test_an_app_that_is_removed_leaves_its_data_only(host: Host) -> None:
    host.check_output("runuser -u pyapp-app_2 -- sh -c %s", "echo 42 > " + DATA)
    before = streamlit_processes(host)
    assert play("remove", host, pyapps_remove="app_2").returncode == 0
    assert get(host, "/app-2/").status == 404
    assert "App 2" not in get(host, "/").body
    assert streamlit_processes(host) == {"pyapp-app_1": before["pyapp-app_1"]}
    assert healthy(host, "app-1")
    assert _traces(host, "app_2") == []
    assert host.file(DATA).content_string == "42\n"
    # Root changes the folder only: below it an app may have planted a link.
    folder = host.file("/srv/pyapps/apps/app_2/data")
    assert (folder.user, folder.mode) == ("root", 0o700)


def test_an_app_that_comes_back_finds_its_data(host: Host) -> None:
    assert play("site", host).returncode == 0
    assert healthy(host, "app-2")
    assert host.check_output("runuser -u pyapp-app_2 -- cat %s", DATA) == "42"
    host.check_output("runuser -u pyapp-app_2 -- sh -c %s", "echo 43 > " + DATA)


def test_a_name_that_is_no_app_is_refused(host: Host) -> None:
    before = streamlit_processes(host)
    done = play("remove", host, pyapps_remove="app_3")
    assert done.returncode != 0
    assert "app_3" in done.stdout
    assert "app_1" in done.stdout
    assert streamlit_processes(host) == before


def test_everything_removed_leaves_a_host_without_us(host: Host) -> None:
    """Other people's things stay: nginx itself, its configuration, which is valid, and its access logs."""
    assert play("remove", host, pyapps_remove="everything", pyapps_delete_data=True).returncode == 0
    assert "pyapp" not in host.check_output("ps -eo user:40,args --no-headers")
    assert "pyapp" not in host.file("/etc/passwd").content_string
    assert "pyapp" not in host.file("/etc/group").content_string
    left = host.check_output("find / -xdev -name '*pyapp*' -not -path '/proc/*' -not -path '/sys/*'").split()
    kept = ["/etc/ssl/certs/pyapps-test-ca.pem", "/var/log/nginx/pyapps.access.log"]
    assert [path for path in left if path not in kept] == []
    assert host.run("nginx -t").rc == 0
    assert get(host, "/app-1/").status in (0, 404)
