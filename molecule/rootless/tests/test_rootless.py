# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The image with one user for everything: no process is root's, and the kernel gives none a right."""

from __future__ import annotations

import os
import subprocess
import typing as t
from pathlib import Path

import pytest
from helpers.containers import wait_for
from helpers.docker_engine import docker, get, handshake, inspect
from helpers.playbooks import play_on_all
from helpers.rootless_image import CONTAINER as NAME, IMAGE, LEAN

BY_HAND = "pyapps-rootless-by-hand"
FOLDER = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])


@pytest.fixture(scope="module")
def port() -> int:
    """The published port of a container that may write nowhere else."""
    secret = FOLDER / "app_1.env"
    secret.write_text("GREETING=for-app-1-only\n")
    secret.chmod(0o600)
    # Who mounts a secret lets the container's user read it.
    os.chown(secret, 10001, 10001)
    return run(IMAGE, "--health-interval=2s", *LEAN, "--volume=%s:/run/secrets/app_1.env:ro" % secret)


def run(image: str, *options: str) -> int:
    """Start a container, and wait until its app answers; its published port."""
    subprocess.run(["docker", "rm", "--force", "--volumes", NAME], check=False, capture_output=True)
    docker("run", "--detach", "--name", NAME, "--publish", "127.0.0.1::8080", *options, image)
    found = int(docker("port", NAME, "8080").rpartition(":")[2])
    wait_for("the app answers", lambda: get(found, "/app-1/_stcore/health") == (200, "ok"))
    return found


def test_what_docker_knows_of_the_image() -> None:
    """Its port needs no root, and its first process is not root's."""
    config = inspect(IMAGE)["Config"]
    assert list(config["ExposedPorts"]) == ["8080/tcp"]
    assert config["User"] == "pyapps"


def test_the_app_answers_through_caddy(port: int) -> None:
    status, page = get(port, "/app-1/")
    assert status == 200
    assert "<title>" in page
    assert handshake(port, "/app-1/_stcore/stream", "http://localhost:%d" % port) == 101
    assert handshake(port, "/app-1/_stcore/stream", "https://evil.example") == 403


def test_no_process_is_roots_or_may_do_more_than_others(port: int) -> None:
    script = "for pid in /proc/[0-9]*; do grep -hE '^(Uid|CapEff|CapBnd|NoNewPrivs):' $pid/status; done; ps -eo args"
    said = docker("exec", NAME, "sh", "-c", script)
    lines = [line.split() for line in said.splitlines()]
    uids = {word for line in lines if line[0] == "Uid:" for word in line[1:]}
    assert uids == {"10001"}
    assert {line[1] for line in lines if line[0] in ("CapEff:", "CapBnd:")} == {"0" * 16}
    assert {line[1] for line in lines if line[0] == "NoNewPrivs:"} == {"1"}
    for part in ("supervisord", "caddy run", "pyapps.pyz watch", "streamlit run"):
        assert part in said


def test_docker_shows_healthy_and_the_app_has_its_secret(port: int) -> None:
    wait_for("docker says healthy", lambda: inspect(NAME)["State"]["Health"]["Status"] == "healthy")
    variables = docker("exec", NAME, "sh", "-c", "cat /proc/$(pgrep --full '[s]treamlit run')/environ").split("\0")
    assert "GREETING=for-app-1-only" in variables
    with pytest.raises(AssertionError, match="Read-only file system"):
        docker("exec", NAME, "touch", "/opt/pyapps/etc/pyapps/new")


def test_a_restart_keeps_the_instance_and_a_stop_ends_with_zero(port: int) -> None:
    """S0-102."""
    live = docker("exec", NAME, "readlink", "/opt/pyapps/srv/pyapps/apps/app_1/live")
    docker("stop", "--time", "60", NAME)
    assert inspect(NAME)["State"]["ExitCode"] == 0
    docker("start", NAME)
    again = int(docker("port", NAME, "8080").rpartition(":")[2])
    wait_for("the app answers", lambda: get(again, "/app-1/_stcore/health") == (200, "ok"))
    assert docker("exec", NAME, "readlink", "/opt/pyapps/srv/pyapps/apps/app_1/live") == live


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"pyapps_front": "nginx"}, 'pyapps_front: found "nginx"'),
        ({"pyapps_port": 80}, "pyapps_port: found 80"),
        ({"pyapps_image_user": "root"}, 'pyapps_image_user: found "root"'),
    ],
)
def test_what_would_need_root_is_refused_before_anything_is_built(variables: dict[str, t.Any], said: str) -> None:
    before = inspect(IMAGE)["Id"]
    done = play_on_all("container", **variables)
    assert done.returncode != 0
    words = " ".join(done.stdout.split())
    assert said in words
    assert "Nothing was changed." in words
    assert inspect(IMAGE)["Id"] == before


def test_a_person_builds_the_same_image_with_buildkit() -> None:
    """The Dockerfile needs no Ansible. The playbook has it built by the engine's old builder."""
    # A new command line leaves BuildKit to its plugin buildx; that of Debian 12 has it inside.
    has_plugin = subprocess.run(["docker", "buildx", "version"], check=False, capture_output=True).returncode == 0
    client = "docker" if has_plugin else "/usr/bin/docker"
    done = subprocess.run(
        [client, "build", "--progress=plain", "--tag", BY_HAND, FOLDER / "image"],
        env={**os.environ, "DOCKER_BUILDKIT": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "exporting layers" in done.stdout  # as only BuildKit says
    ours, by_hand = inspect(IMAGE)["Config"], inspect(BY_HAND)["Config"]
    for key in ("User", "ExposedPorts", "Env", "Cmd", "Healthcheck", "Entrypoint", "Labels", "StopSignal"):
        # An empty list is said as one, or not at all.
        assert (by_hand.get(key) or None) == (ours.get(key) or None), key
    run(BY_HAND)
