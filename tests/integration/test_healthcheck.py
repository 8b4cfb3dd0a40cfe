# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The installed command ``pyapps healthcheck`` on a host with a real supervisord, Streamlit and front."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import threading
import typing as t
from pathlib import Path

from ansible_collections.selfhost.pyapps.plugins.module_utils._health import settings as _health_settings
from ansible_collections.selfhost.pyapps.plugins.modules import health_info
from helpers.checked_host import CheckedHost, messages
from helpers.modules import run_module
from helpers.supervisord import wait_for


def test_a_healthy_host_in_the_published_words(checked: CheckedHost) -> None:
    """S0-27, S0-81, S0-83, S0-84: exit 0, one set of texts, the same lines in the log."""
    log = Path(checked.host.layout.healthcheck_log)
    log.unlink(missing_ok=True)
    done = checked.run()
    assert (done.returncode, done.stderr) == (0, "")
    said = messages(done.stdout)
    assert said[0] == "[CHECK] Starting health check"
    assert said[-1] == "[CHECK] All systems are GO!"
    for name, base in zip(checked.apps, ("/one", "/two")):
        assert [text for text in said if re.match(r"%s - (STARTING|RUNNING) - pid \d+" % name, text)]
        assert "[CHECK] http://localhost:%d%s/ is online" % (checked.front.port, base) in said
    assert log.read_text() == done.stdout
    assert log.stat().st_mode & 0o777 == 0o640


def test_nothing_tells_an_instances_name(checked: CheckedHost) -> None:
    """It is a secret that browsers share with the front; people say the app's name."""
    os.kill(checked.pid(checked.apps[0]), signal.SIGSTOP)
    try:
        shown = [checked.run(*options, "--timeout", "1").stdout for options in ([], ["--json"], ["--prometheus"])]
    finally:
        os.kill(checked.pid(checked.apps[0]), signal.SIGCONT)
    for text in shown:
        assert checked.apps[0] in text
        assert checked.live(checked.apps[0]).instance not in text


def test_prometheus_reads_it(checked: CheckedHost) -> None:
    """S0-87: text format 0.0.4, checked by its grammar; a sample for each app, disk and memory."""
    done = checked.run("--prometheus")
    assert done.returncode == 0
    sample = re.compile(r'pyapps_[a-z_]+(\{[a-z]+="[^"\\]*"(,[a-z]+="[^"\\]*")*\})? -?[0-9.e+-]+')
    lines = done.stdout.splitlines()
    assert all(sample.fullmatch(line) or line.startswith(("# HELP pyapps_", "# TYPE pyapps_")) for line in lines)
    assert "pyapps_healthy 1" in lines
    assert 'pyapps_check_healthy{kind="app",name="%s"} 1' % checked.apps[0] in lines
    assert [line for line in lines if line.startswith("pyapps_disk_free_ratio{path=")]
    os.kill(checked.pid(checked.apps[0]), signal.SIGKILL)
    after = checked.run("--prometheus")
    assert after.returncode == 1
    assert 'pyapps_check_healthy{kind="app",name="%s"} 0' % checked.apps[0] in after.stdout.splitlines()


def test_every_problem_is_told_and_not_only_the_first(checked: CheckedHost) -> None:
    """S0-86, X13: a stopped app, a stranger on its port, a program that is FATAL, an endpoint, a disk: all at once."""
    name, port = checked.apps[0], checked.live(checked.apps[0]).port
    checked.host.daemon.add("broken", "[program:broken]\ncommand=/bin/false\nstartretries=0\n")
    checked.host.daemon.wait_for_state("broken", "FATAL")
    assert checked.host.supervisor.stop(checked.program(name), 30)
    nobody = _health_settings.Endpoint("tunnel", "http://127.0.0.1:1/ready")
    checked.configure(min_disk_percent=100, min_memory_percent=100, endpoints=(nobody,))
    with socket.create_server(("127.0.0.1", port)):
        code, said = checked.ask()
        lines = messages(checked.run().stdout)
    assert code == 1
    assert said.pop("broken").startswith("FATAL")
    if os.geteuid() == 0:
        assert re.match(r"STOPPED \(.*\)\nport %d is held by pid \d+" % port, said.pop(name))
    else:
        assert said.pop(name).startswith("STOPPED")
    assert "Unable to reach http://127.0.0.1:1/ready" in said.pop("tunnel")
    assert "nearly used up" in said.pop("memory")
    assert any("disk is nearly full" in text for text in said.values())
    problems = [line for line in lines if re.match(r"\[CHECK\] (%s|broken|tunnel|memory) - " % name, line)]
    assert len(problems) >= 4
    assert re.match(r"\[CHECK\] UNHEALTHY - \d+ problems: ", lines[-1])
    checked.host.supervisor.start(checked.program(name))


def test_always_healthy_looks_at_nothing(checked: CheckedHost) -> None:
    """S0-80: `true` in any case, with supervisor down too; `1` and `yes` do not count.

    The published script exits 1 for a supervisor that is down. Ours exits 2, because it could not tell; and 1 when it
    could, and found something.
    """
    name = checked.apps[0]
    assert checked.host.supervisor.stop(checked.program(name), 30)
    for value, code in (("TRUE", 0), ("true", 0), ("1", 1), ("yes", 1), ("false", 1), ("", 1)):
        done = checked.run(ALWAYS_HEALTHY=value)
        assert done.returncode == code, value
    checked.host.daemon.kill()
    done = checked.run(ALWAYS_HEALTHY="TRUE")
    assert done.returncode == 0
    assert messages(done.stdout) == ["[CHECK] Starting health check", "[CHECK] ALWAYS_HEALTHY is enabled"]
    assert checked.run(ALWAYS_HEALTHY="1").returncode == 2
    checked.host.daemon.start()


def test_a_daemon_that_is_down_is_another_answer(checked: CheckedHost) -> None:
    """S0-84, X13: exit 2, in the published words; and what can be known without the daemon is told."""
    checked.host.daemon.kill()
    done = checked.run()
    assert done.returncode == 2
    said = messages(done.stdout)
    assert [text for text in said if "UNHEALTHY - Could not fetch supervisorctl status: supervisord does not" in text]
    assert said[-1].startswith("[CHECK] UNKNOWN - ")
    code, problems = checked.ask()
    assert code == 2
    assert set(problems) >= {"supervisor", *checked.apps}
    conf = Path(checked.host.layout.supervisor_conf)
    conf.rename(conf.with_suffix(".away"))
    assert "supervisorctl command not found. Is supervisor installed?" in checked.run().stdout
    conf.with_suffix(".away").rename(conf)
    checked.host.daemon.start()


def test_a_configuration_that_is_damaged_is_told(checked: CheckedHost) -> None:
    """Exit 2: every mistake is named, and apps are looked at all the same."""
    Path(checked.host.layout.healthcheck).write_text('{"timeout": "soon", "endpoint": []}')
    code, said = checked.ask()
    assert code == 2
    assert "timeout: found 'soon'" in said["configuration"]
    assert "endpoint: no such setting" in said["configuration"]
    assert not set(checked.apps) & set(said)


def test_a_log_that_can_not_be_written_does_not_hide_the_health(checked: CheckedHost) -> None:
    log = Path(checked.host.layout.healthcheck_log)
    log.unlink(missing_ok=True)
    log.mkdir()
    done = checked.run()
    log.rmdir()
    assert done.returncode == 0
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_app_of_the_catalog_is_told(checked: CheckedHost) -> None:
    catalog = Path(checked.host.layout.catalog)
    catalog.write_text(json.dumps({"source": "here", "url": "", "apps": [{"name": "lost", "base_path": "/lost"}]}))
    code, said = checked.ask()
    catalog.unlink()
    assert (code, list(said)) == (1, ["lost"])


def test_a_run_for_some_apps_asks_these_and_the_rest_of_the_host(checked: CheckedHost) -> None:
    one, other = checked.apps
    found = run_module(health_info, root=checked.host.layout.root, apps=[one])
    kinds = {(check["kind"], check["name"]) for check in found["checks"]}
    assert ("app", one) in kinds
    assert ("app", other) not in kinds
    assert {kind for kind, _name in kinds} >= {"app", "front", "host"}  # it has no other program
    assert found["state"] == "healthy"


def test_changes_are_told_once_each(checked: CheckedHost, tmp_path: Path) -> None:
    """A command gets each change once, as JSON; a webhook too, whose URL no output and no log shows."""
    told = tmp_path / "told"
    script = tmp_path / "tell"
    script.write_text('#!/bin/sh\ncat >> "%s"; echo >> "%s"\n' % (told, told))
    script.chmod(0o755)
    received: list[dict[str, t.Any]] = []
    status = [200]
    with _webhook(received, status) as port:
        secret = "http://127.0.0.1:%d/hooks/s3cr3t" % port
        notify = _health_settings.Notify((str(script),), secret)
        Path(checked.host.layout.healthcheck_notify).write_text(_health_settings.to_json(notify))
        shown = [checked.run("--notify").stdout]
        assert (told.exists(), received) == (False, []), "a new host that is well is no news"
        name = checked.apps[0]
        assert checked.host.supervisor.stop(checked.program(name), 30)
        status[0] = 500
        shown += [checked.run("--notify").stdout for _time in range(2)]
        assert "nobody was told: the webhook did not take it: 127.0.0.1 answers 500" in shown[-1]
        assert len(told.read_text().splitlines()) == 1, "who took it is not told again"
        assert len(received) == 2
        status[0] = 200
        shown += [checked.run("--notify").stdout for _time in range(3)]
        assert len(received) == 3, "told again after it was refused, and once"
        checked.host.supervisor.start(checked.program(name))
        wait_for(lambda: checked.run().returncode == 0, 60, "well again")
        shown += [checked.run("--notify").stdout for _time in range(2)]
    news = [json.loads(line) for line in told.read_text().splitlines()]
    assert [(one["previous"], one["state"]) for one in news] == [("healthy", "unhealthy"), ("unhealthy", "healthy")]
    assert name in news[0]["text"]
    assert received[-1] == {**news[1], "time": received[-1]["time"]}
    everything = "".join(shown) + Path(checked.host.layout.healthcheck_log).read_text()
    assert "s3cr3t" not in everything
    for path in (checked.host.layout.healthcheck_notify, checked.host.layout.healthcheck_told):
        os.unlink(path)


@contextlib.contextmanager
def _webhook(received: list[dict[str, t.Any]], status: list[int]) -> t.Iterator[int]:
    import http.server

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status[0])
            self.end_headers()

        def log_message(self, format: str, *args: t.Any) -> None:
            """Nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield int(server.server_address[1])
        server.shutdown()
