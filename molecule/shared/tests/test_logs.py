# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No log grows for ever (C-16)."""

from __future__ import annotations

import re

from helpers.containers import containers, get, wait_for
from testinfra.host import Host

testinfra_hosts = containers()
PROGRAMS = "/etc/pyapps/supervisor/programs"
# Debian's own, which its packages rotate.
DEBIAN = re.compile(
    r"/var/log/(?:apt|journal|private|runit|supervisor)/.*|/var/log/(?:dpkg|alternatives|bootstrap)\.log"
)
ROTATED = re.compile(r".*\.log\.[0-9]+(?:\.gz)?")
# Logs of instances that are gone; the two newest of each app are kept.
GONE = re.compile(r"/var/log/pyapps/[a-z0-9_-]+\.[0-9a-f]{32}\.(?:out|err)\.log")


def _rule(host: Host, path: str) -> str:
    """What keeps a log small: the option of supervisor, or logrotate; "" for nothing."""
    if path == "/var/log/pyapps/supervisord.log":
        conf = host.file("/etc/pyapps/supervisor/supervisord.conf").content_string
        return _limited(conf, "logfile")
    if path == "/var/log/pyapps/healthcheck.log":
        return "itself"  # tests/unit/plugins/module_utils/_health/test_log.py
    for program in host.check_output("ls %s", PROGRAMS).split():
        conf = host.file("%s/%s" % (PROGRAMS, program)).content_string
        for stream in ("stdout", "stderr"):
            if "%s_logfile=%s\n" % (stream, path) in conf:
                return _limited(conf, stream + "_logfile")
    considered = host.run("/usr/sbin/logrotate --debug /etc/logrotate.conf 2>&1").stdout
    return "logrotate" if "considering log %s\n" % path in considered else ""


def _limited(conf: str, option: str) -> str:
    size, backups = (re.search("^%s_%s=([1-9]\\d*)" % (option, word), conf, re.M) for word in ("maxbytes", "backups"))
    return "supervisor" if size and backups else ""


def test_every_log_of_the_host_has_a_rule_that_keeps_it_small(host: Host) -> None:
    """C-16: whoever adds a log adds what rotates it."""
    paths = host.check_output("find /var/log -xdev -type f").splitlines()
    logs = [path for path in paths if "log" in path.rpartition("/")[2]]
    logs = [path for path in logs if not DEBIAN.fullmatch(path) and not ROTATED.fullmatch(path)]
    ours = [path for path in logs if path.startswith("/var/log/pyapps/")]
    assert len(ours) >= 5  # the daemon's, and two of the watcher and of an app
    rules = {path: _rule(host, path) for path in logs}
    without = [path for path, rule in rules.items() if not rule and not GONE.fullmatch(path)]
    without = [path for path in without if path not in ("/var/log/faillog", "/var/log/lastlog")]
    assert without == []
    if host.file("/usr/sbin/nginx").exists:
        assert rules["/var/log/nginx/pyapps.access.log"] == "logrotate"
        assert host.run("systemctl is-active logrotate.timer").stdout.strip() == "active"


def test_nginx_writes_on_into_a_new_file_after_its_log_was_rotated(host: Host) -> None:
    """C-16."""
    if not host.file("/usr/sbin/nginx").exists:
        return  # Caddy's log is its program's
    log = "/var/log/nginx/pyapps.access.log"
    assert get(host, "/app-1/").status == 200
    host.check_output("/usr/sbin/logrotate --force /etc/logrotate.d/nginx")
    assert host.file(log + ".1").size > 0
    assert get(host, "/app-1/").status == 200
    wait_for("nginx writes into the new file", lambda: host.file(log).exists and host.file(log).size > 0)
    assert [host.file(path).mode for path in (log, log + ".1")] == [0o640] * 2
