# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs: no app reads one, and nothing that an app writes into one is obeyed by a terminal."""

from __future__ import annotations

import contextlib
import os
import pwd
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import typing as t
import unicodedata
import urllib.request
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.action.app_logs import printed
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy import logs as _app_logs
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._health import (
    log as _health_log,
    notify as _health_notify,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.report import Finding, Report, as_lines
from ansible_collections.selfhost.pyapps.plugins.module_utils._host import layout as _host_layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._images import logs as _container_logs
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.conf import program_text
from ansible_collections.selfhost.pyapps.plugins.modules import nginx_site
from ansible_collections.selfhost.pyapps.plugins.plugin_utils._table import table
from helpers import attacks
from helpers.environments import environment
from helpers.fronts import NGINX_CONF, entry
from helpers.modules import run_module
from helpers.processes import free_port, wait_for_port
from helpers.supervisord import Supervisord, wait_for

INSTANCE = "0" * 32
PROGRAM = "app.%s" % INSTANCE
WRITER, OTHER = "nobody", "daemon"
"""Two users of this machine in the place of those of two apps."""


@pytest.fixture
def daemon() -> t.Iterator[Supervisord]:
    found = Supervisord(environment("supervisor", "4.3.0") / "bin")
    for folder in _host_layout.top_folders(found.layout, as_root=True):
        _host_layout.make(folder)
    found.start()
    yield found
    found.close()


def _as_user(user: str, *command: str) -> bool:
    """Whether a command succeeds for a user with no other right."""
    gid = pwd.getpwnam(user).pw_gid
    return subprocess.run(command, user=user, group=gid, extra_groups=[], capture_output=True).returncode == 0


def _tries(user: str, folder: Path) -> list[tuple[str, ...]]:
    """What a user does to get at the files of a folder, whose names it knows or guesses."""
    found: list[tuple[str, ...]] = [("ls", str(folder)), ("cp", "-r", str(folder), "/dev/shm/stolen-" + user)]
    for path in sorted(folder.iterdir()):
        stolen = "/dev/shm/stolen-%s-%s" % (user, path.name)
        found += [("cat", str(path)), ("ln", str(path), stolen), ("tail", "-c1", str(path)), ("stat", str(path))]
    return found


def test_no_app_reads_a_log_whoever_has_written_it(daemon: Supervisord) -> None:
    """Neither another app's nor its own, nor the daemon's, the watcher's or the health check's, rotated ones too."""
    command = ["/bin/sh", "-c", "while sleep 0.05; do seq --format 'secret %g' 10000; done"]
    for name, user in ((PROGRAM, WRITER), ("pyapps-watcher", None)):
        text = program_text(name, command, layout=daemon.layout, user=user, start_seconds=1, log_max_mb=1)
        daemon.add(name, text)
    logs = Path(daemon.layout.log)
    _health_log.write(daemon.layout.healthcheck_log, _health_log.records([("CRITICAL", "token=secret")]))
    wait_for(lambda: (logs / (PROGRAM + ".out.log.1")).exists(), 20, "the log is rotated")
    assert {"supervisord.log", "healthcheck.log", PROGRAM + ".out.log.1"} <= set(os.listdir(logs))
    tries = [(user, command) for user in (WRITER, OTHER) for command in _tries(user, logs)]
    through = [(user, command) for user, command in tries if _as_user(user, *command)]
    assert subprocess.run(["cat", logs / (PROGRAM + ".out.log.1")], capture_output=True).stdout
    attacks.record("home", "an app reads a log", len(tries), through)


def test_no_app_reads_what_visitors_ask_for() -> None:
    """nginx's access log with its query strings; also files that an earlier version has left open."""
    root = Path(tempfile.mkdtemp(prefix="logs "))
    root.chmod(0o755)
    logs, port, etc = root / "log", free_port(), root / "etc" / "nginx"
    log = logs / "pyapps.access.log"
    for folder in (logs, etc / "sites-enabled", etc / "sites-available"):
        folder.mkdir(parents=True)
    (etc / "nginx.conf").write_text(NGINX_CONF.format(user="user www-data;\n", root=root))
    for old in (".1", ".2.gz"):
        Path(str(log) + old).write_text("GET /?token=old")
    settings: dict[str, t.Any] = {"root": str(root), "apps": [entry("app-1")], "port": port, "address": "127.0.0.1"}
    settings.update(nginx_dir=str(etc), pid_file=str(root / "nginx.pid"), access_log=str(log))
    settings.update(nginx="/usr/sbin/nginx", server_names=["localhost"])
    process = None
    try:
        assert "failed" not in run_module(nginx_site, **settings)
        process = subprocess.Popen(["/usr/sbin/nginx", "-c", etc / "nginx.conf"], stderr=subprocess.DEVNULL)
        wait_for_port(port, process, root / "error.log")
        urllib.request.urlopen("http://localhost:%d/?token=secret" % port).close()
        wait_for(lambda: "token=secret" in log.read_text(), 10, "the request is in the log")
        files = sorted(logs.iterdir())
        assert len(files) == 3
        through = [(user, path) for user in (WRITER, OTHER) for path in files if _as_user(user, "cat", str(path))]
        assert [path.stat().st_mode & 0o777 for path in files] == [0o640] * 3
        (Path(str(log) + ".1")).chmod(0o644)
        os.unlink(run_module(nginx_site, **settings)["pending"])
        assert run_module(nginx_site, **settings)["changed"] is False
        through += [path for path in files if _as_user(OTHER, "cat", str(path))]
    finally:
        if process is not None:
            process.terminate()
            process.wait(20)
        shutil.rmtree(root)
    attacks.record("home nginx", "an app reads visitors' query strings", 3 * len(files), through)


# What a terminal obeys, what turns text around, and what nobody sees.
NASTY = [
    *map(chr, [*range(0x20), *range(0x7F, 0xA0)]),
    *"\u00ad\u034f\u061c\u115f\u1160\u17b4\u180e\u2028\u2029\u2800\u3164\ufeff\uffa0\ufff9\uffff\ue000",
    *map(chr, [*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), *range(0xFE00, 0xFE0E)]),
    *map(chr, [0xE0001, 0xE0041, 0xE0100, 0xE01EF, 0x10FFFF, 0x1D173]),
]
SEQUENCES = [
    "\x1b[31m",
    "\x1b]0;title\x07",
    "\x1b]8;;http://evil.example\x1b\\\\",
    "\x1bP+q\x1b\\\\",
    "\x9b2J",
    "\r\x1b[K",
]
INVISIBLE = set("\u034f\u115f\u1160\u17b4\u2800\u3164\uffa0") | set(
    map(chr, [*range(0xFE00, 0xFE0E), 0xE0100, 0xE01EF])
)


def _got_through(text: str) -> list[str]:
    """What of a text a terminal would obey or a person not see."""
    odd = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
    return [
        hex(ord(char)) for char in text if (unicodedata.category(char) in odd and char != "\n") or char in INVISIBLE
    ]


def _lines(seed: int, count: int) -> list[str]:
    """Lines as a hostile app writes them; each has a word by which it is known again."""
    chance = random.Random(seed)  # noqa: S311 - the same lines in each run
    plain = "abc xyz 0123 äöü 日本 ✔\ufe0f"
    return [
        "line-%d " % number
        + "".join(chance.choice([chance.choice(NASTY), chance.choice(SEQUENCES), *plain]) for _ in range(40)).replace(
            "\n", ""
        )
        for number in range(count)
    ]


@contextlib.contextmanager
def _reminded(log: Path, follower: int) -> t.Iterator[threading.Event]:
    """Once the given event says that all is written, write its end again each second.

    A follower that does not come to it is killed, so that who reads from it waits no longer.
    """
    written, over = threading.Event(), threading.Event()

    def remind() -> None:
        for _second in range(20):
            if over.wait(1):
                return
            if written.is_set():
                with log.open("a", encoding="utf-8") as file:
                    file.write("end\n")
        os.killpg(follower, signal.SIGKILL)

    reminding = threading.Thread(target=remind)
    reminding.start()
    try:
        yield written
    finally:
        over.set()
        reminding.join()


def _followed(layout: Layout, log: Path, lines: list[str]) -> str:
    """What ``pyapps ctl tail -f`` shows while lines are written."""
    log.write_text("begin\n")
    command = [sys.executable, layout.zipapp, "ctl", "tail", "-f", PROGRAM]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        out, found = t.cast(t.TextIO, process.stdout), []
        with _reminded(log, process.pid) as written:
            while out.readline() not in ("begin\n", ""):
                pass
            with log.open("a", encoding="utf-8") as file:
                file.write("\n".join(lines) + "\nend\n")
            written.set()
            while not found or found[-1] not in ("end\n", ""):
                found.append(out.readline())
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
    return "".join(found)


def test_nothing_that_an_app_says_is_obeyed_by_a_terminal(daemon: Supervisord) -> None:
    """Every way to people: the logs playbook, a container's log, ctl tail, tables, the health check and its news."""
    count = attacks.tries(500, 20000)
    lines, layout = _lines(28, count), daemon.layout
    log, shown = Path(layout.log) / (PROGRAM + ".out.log"), {}
    sleeping = program_text(PROGRAM, ["/bin/sleep", "99"], layout=layout, start_seconds=1)
    daemon.add(PROGRAM, sleeping)
    container: list[bytes] = []
    follower = _container_logs.Follower(layout, container.append)
    follower.look()
    log.write_text("\n".join(lines) + "\n", encoding="utf-8")
    follower.look()
    shown["container log"] = b"".join(container).decode()
    shown["logs playbook"] = "\n".join(printed(_app_logs.app_logs(layout, "app", count)))
    # On a busy machine supervisord once stopped to send anything; then it is followed anew.
    followed = (_followed(layout, log, lines) for _try in range(3))
    shown["ctl tail"] = next(text for text in followed if text.endswith("end\n"))
    findings = [Finding("app", "app", problems=(line,), detail=line, state="FATAL") for line in lines]
    report = Report(findings, "2026-11-28T00:00:00Z", 1.0)
    shown["healthcheck"] = _health_log.as_text(_health_log.records(as_lines(report)))
    shown["news"] = str(_health_notify.message(report, "healthy")["text"])
    shown["tables"] = "\n".join(table(["A", "B"], [[line, line] for line in lines]))
    for way, text in shown.items():
        assert text.count("line-") >= count, way
        assert "日本" in text, way
    through = [(way, found) for way, text in shown.items() for found in _got_through(text)]
    attacks.record("terminal", "an app's text is obeyed or hidden", count * len(shown), through)
