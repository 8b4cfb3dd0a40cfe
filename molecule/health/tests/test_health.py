# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The health check of a home host: command, playbook, timer, and what is told. The steps build on each other."""

from __future__ import annotations

import json
import typing as t

from helpers.containers import as_user, containers, wait_for
from helpers.playbooks import play
from testinfra.host import Host

testinfra_hosts = containers()
TOLD = "/root/told.json"


def health(host: Host) -> tuple[int, dict[str, t.Any]]:
    """Exit code and report of the installed command."""
    done = host.run("pyapps healthcheck --json")
    return done.rc, json.loads(done.stdout)


def wait_until_well(host: Host) -> None:
    wait_for("all is well", lambda: host.run("pyapps healthcheck").rc == 0)


def test_a_host_is_healthy_after_its_first_run(host: Host) -> None:
    """S0-81, S0-83: programs, apps, front, disks; the log that no app can read."""
    wait_until_well(host)
    _code, report = health(host)
    kinds = {(check["kind"], check["name"]) for check in report["checks"]}
    front = "caddy" if "trixie" in host.backend.name else "nginx"
    assert {("app", "app_1"), ("app", "app_2"), ("front", front), ("program", "pyapps-watcher")} <= kinds
    log = host.file("/var/log/pyapps/healthcheck.log")
    assert "healthcheck.py - INFO - [CHECK] All systems are GO!" in log.content_string
    assert as_user(host, "pyapp-app_1", "cat /var/log/pyapps/healthcheck.log") != 0
    assert as_user(host, "pyapp-app_1", "cat /etc/pyapps/healthcheck-notify.json") != 0


def test_only_the_daemons_user_can_tell(host: Host) -> None:
    """Exit 2 with a reason: an app's user may not open supervisor's socket."""
    assert as_user(host, "pyapp-app_1", "pyapps healthcheck") == 2


def test_the_timer_runs_and_tells_nothing_while_all_is_well(host: Host) -> None:
    assert host.run("systemctl is-active pyapps-healthcheck.timer").stdout.strip() == "active"
    assert host.run("systemctl is-enabled pyapps-healthcheck.timer").stdout.strip() == "enabled"
    host.check_output("systemctl start pyapps-healthcheck.service")
    assert not host.file(TOLD).exists
    assert play("healthcheck", host).returncode == 0


def test_the_playbook_fails_and_names_every_problem(host: Host) -> None:
    """S0-86, X14: one app is stopped, the other one cannot start, and a program of somebody's is FATAL."""
    host.check_output("pyapps ctl stop app_1")
    release = host.check_output("ls -d /srv/pyapps/apps/app_2/releases/*/code")
    host.check_output("mv %s/app_2.py %s/gone.py", release, release)
    wait_for("app 2 ends at its start", lambda: _die(host) and "app_2" in host.run("pyapps healthcheck --quiet").stdout)
    done = play("healthcheck", host)
    assert done.returncode == 2
    shown = [" ".join(line.split()) for line in done.stdout.splitlines()]
    for expected in ("app app_1 NOT HEALTHY STOPPED", "app app_2 NOT HEALTHY ", "is unhealthy"):
        assert any(expected in line for line in shown), (expected, done.stdout)
    assert "Traceback" not in done.stdout
    code, report = health(host)
    assert (code, {problem["name"] for problem in report["problems"]}) == (1, {"app_1", "app_2"})


def _die(host: Host) -> bool:
    pid = host.check_output("pyapps ctl pid app_2")
    return pid == "0" or host.run("kill -KILL %s", pid).rc in (0, 1)


def test_the_change_is_told_once_and_the_unit_has_failed(host: Host) -> None:
    for _time in range(2):
        host.run("systemctl start pyapps-healthcheck.service")
    assert "failed" in host.run("systemctl is-failed pyapps-healthcheck.service").stdout
    told = [line for line in host.file(TOLD).content_string.replace("}{", "}\n{").splitlines() if line]
    news = [json.loads(line) for line in told]
    assert (news[-1]["previous"], news[-1]["state"]) in [("healthy", "unhealthy"), ("unhealthy", "unhealthy")]
    assert "app_1" in news[-1]["text"]
    assert "app_2" in news[-1]["text"]
    assert len({json.dumps(one["problems"], sort_keys=True) for one in news}) == len(news)
    release = host.check_output("ls -d /srv/pyapps/apps/app_2/releases/*/code")
    host.check_output("mv %s/gone.py %s/app_2.py", release, release)
    host.check_output("pyapps ctl start app_1")
    host.run("pyapps ctl restart app_2")
    wait_until_well(host)


def test_the_timer_goes_with_its_variable_and_everything_with_the_rest(host: Host) -> None:
    """One host is removed while its timer runs, the other one loses it by a run first."""
    if "trixie" in host.backend.name:
        assert play("site", host, healthcheck_timer=False, healthcheck_notify_command=[]).returncode == 0
        assert host.run("systemctl is-active pyapps-healthcheck.timer").stdout.strip() == "inactive"
        assert not host.file("/etc/systemd/system/pyapps-healthcheck.timer").exists
        assert not host.file("/etc/pyapps/healthcheck-notify.json").exists
    assert play("remove", host, pyapps_remove="everything").returncode == 0
    assert host.check_output("find / -xdev -name '*healthcheck*' -not -path '/proc/*' -not -path '/usr/*'") == ""
    assert host.run("systemctl is-active pyapps-healthcheck.timer").stdout.strip() == "inactive"
