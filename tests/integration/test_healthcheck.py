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
import subprocess
import threading
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils import _health_settings
from ansible_collections.selfhost.pyapps.plugins.module_utils._instance_state import Live, live_instance
from ansible_collections.selfhost.pyapps.plugins.module_utils._supervisor_conf import program_text
from helpers.fronts import Front
from helpers.serving_host import ServingHost
from helpers.supervisord import wait_for

GOOD = "import streamlit as st\nst.write('good')\n"
LOG_LINE = re.compile(
    r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - healthcheck\.py - (DEBUG|INFO|WARNING|ERROR|CRITICAL) - (.*)$"
)


class CheckedHost:
    """Two good apps behind a front, with the health check's configuration."""

    def __init__(self, host: ServingHost, server: str) -> None:
        self.host = host
        self.apps = [self.add_app(short) for short in ("one", "two")]
        assert {result["state"] for result in host.deploy().results.values()} == {"ok"}
        self.front = Front(server, list(host.apps.values()), host.root)
        self.front.start()
        self.configure()

    def add_app(self, short: str, script: str | None = GOOD, **server: t.Any) -> str:
        name = self.host.add_app(short, owner={"name": ""}, gallery={"listed": True})
        self.host.release(name, script, **server)
        return name

    def configure(self, **settings: t.Any) -> None:
        front = _health_settings.front_address(self.front.server, self.front.port, "127.0.0.1", ())
        if self.front.server == "caddy":
            settings.setdefault("front", None)  # the helper's Caddy runs as root; a host's has a user of its own
        found = _health_settings.Settings(**{"front": front, **settings})
        Path(self.host.layout.healthcheck).write_text(_health_settings.to_json(found))

    def run(self, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """The command, as it is installed."""
        command = ["/usr/bin/python3", "-I", self.host.layout.zipapp, "healthcheck", *options]
        return subprocess.run(
            command, capture_output=True, text=True, timeout=60, check=False, env={**os.environ, **environment}
        )

    def ask(self, *options: str) -> tuple[int, dict[str, str]]:
        """Exit code, and what is wrong with whom: all problems of one in a text."""
        done = self.run("--json", *options)
        assert done.stderr == ""
        said: dict[str, str] = {}
        for problem in json.loads(done.stdout)["problems"]:
            said[problem["name"]] = "\n".join(filter(None, [said.get(problem["name"]), problem["problem"]]))
        return done.returncode, said

    def live(self, name: str) -> Live:
        found = live_instance(self.host.layout.app(name))
        assert found is not None
        return found

    def program(self, name: str) -> str:
        return "%s.%s" % (name, self.live(name).instance)

    def pid(self, name: str) -> int:
        return self.host.supervisor.processes()[self.program(name)].pid


@pytest.fixture(scope="module")
def checked() -> t.Iterator[CheckedHost]:
    """One host for tests that leave it as it was."""
    host = ServingHost()
    try:
        found = CheckedHost(host, "nginx")
        yield found
        found.front.close()
    finally:
        host.close()


@pytest.fixture(autouse=True)
def as_it_was(checked: CheckedHost) -> t.Iterator[None]:
    yield
    checked.configure()
    wait_for(lambda: checked.run().returncode == 0, 60, "all is well again")


def messages(text: str) -> list[str]:
    """The lines' texts; each line has the published form."""
    found = [LOG_LINE.match(line) for line in text.splitlines()]
    assert all(found), text
    return [match[2] for match in found if match]


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
    checked.host.supervisor.remove("broken")
    os.unlink(checked.host.layout.program("broken"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give the stranger another user")
def test_a_stranger_on_the_port_is_not_the_app_and_is_asked_nothing(checked: CheckedHost) -> None:
    """S0-87, C-01: though it would answer `ok`, and though supervisor says that the program runs."""
    name = checked.apps[0]
    live = checked.live(name)
    asked: list[bytes] = []
    assert checked.host.supervisor.stop(checked.program(name), 30)
    with socket.create_server(("127.0.0.1", live.port)) as stranger:
        stranger.settimeout(3)

        def answer() -> None:
            with contextlib.suppress(OSError):
                asked.append(stranger.accept()[0].recv(100))

        thread = threading.Thread(target=answer)
        thread.start()
        code, said = checked.ask()
        thread.join()
    assert code == 1
    assert "port %d is held by" % live.port in said[name]
    # The front passes visitors on all the same, until the watcher says otherwise; we do not.
    assert asked == []
    checked.host.supervisor.start(checked.program(name))


def test_a_program_that_is_ignored_may_be_in_any_state(checked: CheckedHost) -> None:
    """S0-81, X13: the published list of ignored programs had no effect."""
    checked.host.daemon.add("tail", "[program:tail]\ncommand=/bin/sleep 600\nautostart=false\n")
    code, said = checked.ask()
    assert (code, said) == (1, {"tail": "STOPPED (Not started)"})
    checked.configure(ignore_programs=("tail",))
    assert checked.ask() == (0, {})
    checked.host.supervisor.remove("tail")
    os.unlink(checked.host.layout.program("tail"))


def test_a_crash_loop_is_unhealthy_in_every_state(checked: CheckedHost) -> None:
    """X14, S0-47: RUNNING, STARTING, BACKOFF or EXITED at the moment: three short lives make a crash loop."""
    text = program_text(
        "looping", ["/bin/sleep", "1.5"], layout=checked.host.layout, start_seconds=1, start_retries=100
    )
    checked.host.daemon.add("looping", text)
    state = lambda: checked.host.supervisor.processes()["looping"].state  # noqa: E731
    wait_for(lambda: "crash loop" in checked.ask()[1].get("looping", ""), 20, "the crash loop is seen")
    seen = set()
    deadline = time.monotonic() + 6
    while time.monotonic() < deadline:
        before = state()
        code, said = checked.ask()
        assert code == 1
        assert "its last 3 processes lived" in said["looping"]
        if state() == before:
            seen.add(before)
    assert "RUNNING" in seen, "published: RUNNING is healthy"
    checked.host.supervisor.stop("looping", 10)
    checked.host.supervisor.remove("looping")
    os.unlink(checked.host.layout.program("looping"))


def test_backoff_is_unhealthy(checked: CheckedHost) -> None:
    """S0-87: BACKOFF at its first failure, long before it is a crash loop."""
    text = program_text("failing", ["/bin/false"], layout=checked.host.layout, start_seconds=1, start_retries=100)
    checked.host.daemon.add("failing", text)
    checked.host.daemon.wait_for_state("failing", "BACKOFF")
    code, said = checked.ask()
    assert code == 1
    assert "failing" in said
    checked.host.supervisor.stop("failing", 10)
    checked.host.supervisor.remove("failing")
    os.unlink(checked.host.layout.program("failing"))


def test_an_app_that_hangs_costs_its_time_limit_and_no_more(checked: CheckedHost) -> None:
    """S0-82: the published question had no time limit. The other app is asked meanwhile."""
    os.kill(checked.pid(checked.apps[0]), signal.SIGSTOP)
    try:
        begun = time.monotonic()
        code, said = checked.ask("--timeout", "1.5")
        took = time.monotonic() - begun
    finally:
        os.kill(checked.pid(checked.apps[0]), signal.SIGCONT)
    assert code == 1
    assert list(said) == [checked.apps[0]]
    assert "no answer within" in said[checked.apps[0]]
    assert took < 4


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


def test_a_front_that_is_gone_or_somebody_elses(checked: CheckedHost) -> None:
    """S0-81, S0-82: nobody on its port; somebody who says 200 to everything there."""
    front = _health_settings.front_address("nginx", 1, "127.0.0.1", ())
    checked.configure(front=front)
    code, said = checked.ask()
    assert code == 1
    assert said["nginx"] == "nothing listens on port 1"
    assert "Unable to reach http://localhost:1/one/" in said[checked.apps[0]]


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
    assert "can not be written" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_app_of_the_catalog_is_told(checked: CheckedHost) -> None:
    catalog = Path(checked.host.layout.catalog)
    catalog.write_text(json.dumps({"source": "here", "url": "", "apps": [{"name": "lost", "base_path": "/lost"}]}))
    code, said = checked.ask()
    catalog.unlink()
    assert (code, list(said)) == (1, ["lost"])


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


def test_a_foreign_page_that_the_front_lets_in_is_told(checked: CheckedHost) -> None:
    """C-01, S0-87: an app that lets anybody in, and a front whose rule against foreign pages is gone."""
    name = checked.add_app("open")
    assert checked.host.deploy().results[name]["note"] == "live"
    # The gate has let no such app in, so it is opened afterwards.
    release = Path(checked.host.layout.app(name).release(checked.host.wanted[name]["release"]))
    with (release / "code" / ".streamlit" / "config.toml").open("a") as config:
        config.write("enableCORS = false\nenableXsrfProtection = false\n")
    assert checked.host.supervisor.stop(checked.program(name), 60)
    checked.host.supervisor.start(checked.program(name))
    checked.front.apps[name] = checked.host.apps[name]
    checked.front.write()
    checked.front.reload()
    wait_for(lambda: checked.ask() == (0, {}), 60, "the front refuses for the app")
    site = checked.host.root / "etc" / "nginx" / "sites-enabled" / "pyapps.conf"
    text = site.read_text()
    assert "if ($pyapps_refused) { return 403; }" in text
    site.write_text(text.replace("if ($pyapps_refused) { return 403; }", ""))
    checked.front.reload()
    wait_for(lambda: checked.ask()[0] == 1, 20, "the front is reloaded")
    _code, said = checked.ask()
    assert list(said) == [name], "the other apps refuse for themselves"
    assert "the front lets a WebSocket from the foreign page https://foreign.invalid in" in said[name]
    site.write_text(text)
    checked.front.reload()


def test_a_wrong_health_body_and_a_refused_page_of_its_own_are_told(checked: CheckedHost) -> None:
    """C-01, S0-87: status 200 with another body; directly and through the front (the app's base path is not routed)."""
    name = checked.apps[1]
    release = Path(checked.host.layout.app(name).release(checked.host.wanted[name]["release"])) / "release.json"
    text = release.read_text()
    entry = json.loads(text)
    entry["settings"]["base_path"] = "/nowhere"
    release.write_text(json.dumps(entry))
    code, said = checked.ask()
    release.write_text(text)
    assert code == 1
    assert "instead of 200 'ok'" in said[name]
    site = checked.host.root / "etc" / "nginx" / "sites-enabled" / "pyapps.conf"
    text = site.read_text()
    site.write_text(
        text.replace(
            'location ~ "^/two/_stcore/stream$" {',
            'location ~ "^/two/_stcore/health" { return 200 "OK"; }\nlocation ~ "^/two/_stcore/stream$" {\nreturn 400;',
        )
    )
    checked.front.reload()
    wait_for(lambda: checked.ask()[0] == 1, 20, "the front is reloaded")
    _code, said = checked.ask()
    site.write_text(text)
    checked.front.reload()
    assert "Unable to reach http://localhost:%d/two/: the front answers 200 'OK'" % checked.front.port in said[name]
    assert "a WebSocket from http://localhost:%d is refused by the front with 400" % checked.front.port in said[name]
    assert "the front answers 400 to a WebSocket from the foreign page" in said[name]
