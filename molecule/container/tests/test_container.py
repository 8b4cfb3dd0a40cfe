# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The image, and containers of it, as a visitor and as Docker sees them. The tests build on each other."""

from __future__ import annotations

import os
import re
import subprocess
import tarfile
import time
from pathlib import Path

import pytest
from helpers.containers import LIMIT, wait_for
from helpers.docker_engine import docker, get, handshake, inspect, serves
from helpers.streamlit_session import session

IMAGE = "pyapps-container-prod"
ONE, TWO = "pyapps-container-one", "pyapps-container-two"
NAMES = ("--env", "PYAPPS_SERVER_NAMES=myserver, apps.example.com")
CANARY = b"pyapps-canary-4711"
FOLDER = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])
QUICK = ["--health-interval=2s", "--health-retries=3", "--health-timeout=30s", "--health-start-period=60s"]
"""As the image's own, but asked more often, so that nobody waits for minutes."""


def run(name: str, *options: str | Path) -> int:
    """Start a container; its published port."""
    subprocess.run(["docker", "rm", "--force", "--volumes", name], check=False, capture_output=True)
    docker("run", "--detach", "--name", name, "--publish", "127.0.0.1::80", *QUICK, *options, IMAGE)
    return port(name)


def port(name: str) -> int:
    return int(docker("port", name, "80").rpartition(":")[2])


def health(name: str) -> str:
    return str(inspect(name)["State"]["Health"]["Status"])


def checks(name: str) -> set[str]:
    """When docker made its last health checks; it remembers five."""
    return {check["Start"] for check in inspect(name)["State"]["Health"]["Log"]}


def live(name: str, app: str) -> str:
    return docker("exec", name, "readlink", "/srv/pyapps/apps/%s/live" % app)


def environment(name: str, app: str) -> dict[str, str]:
    """The variables of an app's process, which its own user may read; root in a container may not."""
    script = "cat /proc/$(pgrep --uid %s python)/environ" % ("pyapp-" + app)
    text = docker("exec", "--user", "pyapp-" + app, name, "sh", "-c", script)
    return dict(line.split("=", 1) for line in text.split("\0") if line)


@pytest.fixture(scope="module")
def one() -> str:
    """A container with a file of variables, a variable, and a secret for one app."""
    (FOLDER / "run.env").write_text('HELLO="WORLD"\n')
    (FOLDER / "app_1.env").write_text("GREETING=for-app-1-only\n")
    secret = "%s:/run/secrets/app_1.env:ro" % (FOLDER / "app_1.env")
    run(ONE, "--env-file", FOLDER / "run.env", "--env", "APP_ENV=PROD", "--volume", secret, *NAMES)
    wait_for("both apps answer", lambda: serves(port(ONE)))
    return ONE


def test_what_docker_knows_of_the_image() -> None:
    """S0-90, S0-92, X16: port, entry, signal and health check; nothing that this engine does not know."""
    config = inspect(IMAGE)["Config"]
    assert list(config["ExposedPorts"]) == ["80/tcp"]
    assert config["Entrypoint"] == ["/usr/local/bin/pyapps", "container"]
    assert config["StopSignal"] == "SIGTERM"
    assert config["Healthcheck"] == {
        "Test": ["CMD", "/usr/local/bin/pyapps", "healthcheck", "--quiet"],
        "Interval": 15 * 10**9,
        "Timeout": 10 * 10**9,
        "StartPeriod": 60 * 10**9,
        "Retries": 3,
    }
    version = docker("version", "--format", "{{.Server.Version}}")
    assert ("--start-interval" in (FOLDER / "image" / "Dockerfile").read_text()) == (int(version.split(".")[0]) >= 25)
    assert config["Labels"]["org.opencontainers.image.title"] == IMAGE


def test_it_answers_to_its_names_and_to_those_that_it_was_given(one: str) -> None:
    """An image does not know under which name people reach its containers; who asks for another one is told how."""
    for name in ("localhost", "127.0.0.1", "[::1]", "MyServer", "apps.example.com", inspect(one)["Config"]["Hostname"]):
        assert get(port(one), "/", name)[0] == 200, name
    status, text = get(port(one), "/", "evil.example")
    assert status == 421
    assert "PYAPPS_SERVER_NAMES" in text
    refused = subprocess.run(
        ["docker", "run", "--rm", "--env", "PYAPPS_SERVER_NAMES=my server,a;b", IMAGE],
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 1
    assert "the container cannot start: PYAPPS_SERVER_NAMES: 'a;b' is not allowed" in refused.stderr


def test_nothing_was_started_where_the_image_is_laid_out() -> None:
    """Design rule 11."""
    commands = docker("exec", "pyapps-layout-" + IMAGE, "ps", "-eo", "args", "--no-headers")
    assert not re.search("supervisord|nginx|streamlit|pyapps", commands)
    assert docker("exec", "pyapps-layout-" + IMAGE, "sh", "-c", "ls /srv/pyapps/apps/*/instances").count(".json") == 0


@pytest.mark.parametrize("app", ["app-1", "app-2"])
def test_an_app_answers_through_the_published_port(one: str, app: str) -> None:
    """S0-62, S0-63, S0-68: page, health body, and handshakes with a good and an evil origin."""
    status, page = get(port(one), "/%s/" % app)
    assert status == 200
    assert "<title>" in page
    stream = "/%s/_stcore/stream" % app
    assert handshake(port(one), stream, "http://localhost:%d" % port(one)) == 101
    assert handshake(port(one), stream, "https://evil.example") == 403


def test_docker_shows_healthy(one: str) -> None:
    wait_for("docker says healthy", lambda: health(one) == "healthy")


def test_the_first_process_is_supervisord(one: str) -> None:
    """S0-92: and every app runs as its own user."""
    assert "supervisord" in docker("exec", one, "cat", "/proc/1/cmdline")
    users = docker("exec", one, "sh", "-c", "ps -eo user:32,args --no-headers | grep '[s]treamlit run'")
    assert {line.split()[0] for line in users.splitlines()} == {"pyapp-app_1", "pyapp-app_2"}


def test_apps_get_what_the_container_was_given(one: str) -> None:
    """S0-95, S0-96: quotes as Docker keeps them; a mounted secret only for its app."""
    first, second = environment(one, "app_1"), environment(one, "app_2")
    for variables in (first, second):
        assert variables["HELLO"] == '"WORLD"'
        assert variables["APP_ENV"] == "PROD"
        assert variables["HOME"].endswith("/data/.home")
        assert not [name for name in variables if name.startswith("SUPERVISOR_")]
    assert first["GREETING"] == "for-app-1-only"
    assert "GREETING" not in second
    refused = ["setpriv", "--reuid=pyapp-app_2", "--regid=pyapp-app_2", "--clear-groups"]
    with pytest.raises(AssertionError, match="Permission denied"):
        docker("exec", one, *refused, "cat", "/run/pyapps/secrets/app_1/secret-env.json")


def test_a_restart_keeps_the_instances(one: str) -> None:
    """Open tabs find their instance again."""
    before = [live(one, app) for app in ("app_1", "app_2")]
    docker("restart", one)
    wait_for("both apps answer", lambda: serves(port(one)))
    assert [live(one, app) for app in ("app_1", "app_2")] == before


def test_docker_stop_ends_everything(one: str, capsys: pytest.CaptureFixture[str]) -> None:
    """S0-102, X17: exit code 0; 137 would be a kill. The time is shown: Docker gives 10 seconds unless told otherwise.

    supervisord ends one program after another, so this machine, which does other work, is given more.
    """
    begun = time.monotonic()
    docker("stop", "--time", "60", one)
    seconds = time.monotonic() - begun
    with capsys.disabled():
        print("\ndocker stop took %.1f s" % seconds)
    state = inspect(one)["State"]
    assert (state["ExitCode"], state["OOMKilled"]) == (0, False)


@pytest.mark.parametrize(("always", "expected"), [("1", "unhealthy"), ("True", "healthy")])
def test_a_crash_looping_app_makes_the_container_unhealthy(always: str, expected: str) -> None:
    """S0-80: unless ALWAYS_HEALTHY says so; `1` does not count."""
    run(TWO, "--env", "ALWAYS_HEALTHY=" + always)
    wait_for("both apps answer", lambda: serves(port(TWO)))
    wait_for("docker says healthy", lambda: health(TWO) == "healthy")
    docker("exec", TWO, "sh", "-c", "mv /srv/pyapps/image/apps/app_1/releases/*/code/app_1.py /tmp")
    docker("exec", TWO, "pkill", "-KILL", "-u", "pyapp-app_1")
    before = checks(TWO)
    if expected == "unhealthy":
        wait_for("docker says unhealthy", lambda: health(TWO) == "unhealthy")
        assert get(port(TWO), "/app-2/_stcore/health") == (200, "ok")
    else:
        # One more than would make it unhealthy.
        wait_for("docker has asked four times", lambda: len(checks(TWO) - before) >= 4)
        assert health(TWO) == "healthy"


LEAN = [
    *("--read-only", "--security-opt=no-new-privileges", "--cap-drop=ALL"),
    *("--cap-add=%s" % name for name in ("CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "SETGID", "SETUID")),
    *("--tmpfs=%s" % folder for folder in ("/run", "/tmp", "/var/lib/nginx", "/var/log/nginx")),
    *("--volume=/srv/pyapps/apps", "--volume=/var/log/pyapps"),
]
"""Docker's options for a container that may write nowhere else, and do no more than it needs; docs/how-to has them."""


def test_a_read_only_root_and_few_rights_are_enough() -> None:
    """And what the apps write is in the container's own log, when that is wanted."""
    run(TWO, *LEAN, "--env", "PYAPPS_LOG_STDOUT=true")
    wait_for("both apps answer", lambda: serves(port(TWO)))
    wait_for("docker says healthy", lambda: health(TWO) == "healthy")
    with pytest.raises(AssertionError, match="Read-only file system"):
        docker("exec", TWO, "touch", "/etc/pyapps/new")
    users = docker("exec", TWO, "sh", "-c", "ps -eo user:32,args --no-headers | grep '[s]treamlit run'")
    assert {line.split()[0] for line in users.splitlines()} == {"pyapp-app_1", "pyapp-app_2"}
    for app in ("app_1", "app_2"):
        wait_for("docker's log shows what %s says" % app, lambda app=app: "%s | " % app in docker("logs", TWO))
    docker("restart", "--time", "60", TWO)
    wait_for("both apps answer again", lambda: serves(port(TWO)))
    docker("stop", "--time", "60", TWO)
    assert inspect(TWO)["State"]["ExitCode"] == 0


def test_who_works_on_an_app_sees_what_he_saves() -> None:
    """The mounted source runs, in the image's environment, and an open page follows it by itself."""
    script = FOLDER / "apps" / "app_1" / "app_1.py"
    before = script.read_text()
    run(TWO, "--env", "APP_ENV=DEV", "--volume", "%s:/srv/pyapps/source:ro" % (FOLDER / "apps"))
    wait_for("both apps answer", lambda: serves(port(TWO)))
    try:
        with session("http://127.0.0.1:%d/app-1/" % port(TWO)) as page:
            page.run()
            page.wait_for("Hello from App 1!", LIMIT)
            script.write_text(before.replace("Hello from App 1!", "Saved a moment ago"))
            page.wait_for("Saved a moment ago", LIMIT)
    finally:
        script.write_text(before)


COMPOSE = {
    "docker-compose 1.29": ["docker-compose", "--file", str(FOLDER / "image" / "compose.yaml"), "config"],
    # Debian 13's is the plugin `docker compose`, under its old name.
    "the plugin": [
        *("docker", "run", "--rm", "--env=TUNNEL_TOKEN", "--env=DEBIAN_FRONTEND=noninteractive"),
        "--volume=%s:/pyapps/compose.yaml:ro" % (FOLDER / "image" / "compose.yaml"),
        *("pyapps-test-base:trixie", "sh", "-c"),
        "{ apt-get update && apt-get install --yes --no-install-recommends docker-compose; } >/dev/null"
        " && docker-compose --file /pyapps/compose.yaml config",
    ],
}


@pytest.mark.parametrize("command", COMPOSE.values(), ids=COMPOSE)
def test_compose_takes_the_file(command: list[str]) -> None:
    environment = {**os.environ, "TUNNEL_TOKEN": "x"}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert "cloudflare/cloudflared:" in done.stdout
    environment.pop("TUNNEL_TOKEN")
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    assert done.returncode != 0
    assert "put the tunnel's token into the file .env" in done.stderr


def test_no_layer_holds_a_secret() -> None:
    """S0-97: neither the .env of an app, nor the key with which secrets enter names."""
    with subprocess.Popen(["docker", "save", IMAGE], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        rest = b""
        while chunk := process.stdout.read(1 << 20):
            assert CANARY not in rest + chunk
            rest = chunk[-len(CANARY) :]
    assert process.returncode == 0
    assert CANARY in (FOLDER / "apps" / "app_1" / ".env").read_bytes()


def test_nothing_that_builds_is_in_a_layer() -> None:
    """Neither Ansible, uv, its cache, the store's pool, nor a log."""
    for path in sorted((FOLDER / "image" / "layers").glob("*/*.tar")):
        with tarfile.open(path) as archive:
            names = archive.getnames()
        unwanted = re.compile(
            r"(^|/)(\.ansible|ansible|\.part-[^/]*|uv|secrets\.key|secret-env\.json)(/|$)|^srv/pyapps/(pool|cache)/|^var/log/"
            r"pyapps/."
        )
        assert not [name for name in names if unwanted.search(name)], path.name
