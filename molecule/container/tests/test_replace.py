# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A container takes the place of another one behind this machine's nginx, while a person goes on in an open page.

Comes last: it builds the image anew.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import time
import typing as t
from pathlib import Path

import pytest
from helpers.checkout import PLAYBOOK
from helpers.containers import wait_for
from helpers.docker_engine import docker, get, handshake, inspect, serves
from helpers.playbooks import play_on_all
from helpers.relay import Relay
from helpers.streamlit_session import session
from helpers.visitors import Visitors

IMAGE = "pyapps-container-prod"
FOLDER = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])
MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def relay() -> t.Iterator[Relay]:
    with contextlib.closing(Relay(IMAGE)) as relay:
        yield relay


def replace_only(relay: Relay, **variables: t.Any) -> subprocess.CompletedProcess[str]:
    """What the playbook does when the image is built."""
    book = Path(os.environ["MOLECULE_SCENARIO_DIRECTORY"]) / "replace.yml"
    words = json.dumps({"image_name": IMAGE, **relay.variables, **variables})
    command = [PLAYBOOK, book, "-i", os.environ["MOLECULE_INVENTORY_FILE"], "-e", words]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=600)
    print(done.stdout, done.stderr)
    return done


def pin(port: int, app: str) -> str:
    """The path of the instance to which a page that is opened now belongs."""
    found = re.search(r"/~/[0-9a-f]{32}\.[0-9]+", get(port, "/%s/" % app)[1])
    assert found, get(port, "/%s/" % app)
    return "/%s%s" % (app, found[0])


@pytest.fixture(scope="module")
def first(relay: Relay) -> str:
    """The first container behind the relay."""
    done = replace_only(relay)
    assert done.returncode == 0
    relay.wait()
    wait_for("both apps answer", lambda: serves(relay.port))
    return relay.live()


def test_who_stops_it_gives_it_the_time_that_two_apps_need(first: str) -> None:
    assert inspect(first)["Config"]["StopTimeout"] == 24


def test_the_relay_hands_everything_on(relay: Relay, first: str) -> None:
    """Handshakes, too, and each with the visitor's own host."""
    own = "http://localhost:%d" % relay.port
    assert handshake(relay.port, "/app-1/_stcore/stream", own) == 101
    assert handshake(relay.port, "/app-1/_stcore/stream", "https://evil.example") == 403
    assert get(relay.port, pin(relay.port, "app-1") + "/_stcore/health") == (200, "ok")
    assert get(relay.port, "/app-1/~/%s.20000/_stcore/health" % ("0" * 32))[0] == 410
    assert get(relay.port, "/_pyapps/streamlit/0.0.0-0123456789ab/x.js")[0] in (404, 410)


def test_the_containers_know_the_names_of_this_machine(relay: Relay, first: str) -> None:
    """Whoever opens the relay by this machine's name gets the apps, and nobody else's page does."""
    assert get(relay.port, "/app-1/", socket.gethostname())[0] == 200
    assert get(relay.port, "/app-1/", "evil.example")[0] == 421


def test_a_second_run_changes_nothing(relay: Relay, first: str) -> None:
    done = replace_only(relay)
    assert "changed=0" in done.stdout
    assert (done.returncode, relay.containers()) == (0, [first])


def test_a_container_that_is_not_healthy_takes_no_place(relay: Relay, first: str) -> None:
    done = replace_only(relay, image_start_timeout=1, image_run_env={"OTHER": "1"})
    assert done.returncode != 0
    # Molecule has failures written to standard error; the message is broken into coloured lines.
    said = " ".join(re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr).split())
    assert "what served before serves on" in said
    assert (relay.live(), relay.containers()) == (first, [first])
    assert serves(relay.port)


def test_an_image_with_a_broken_app_takes_no_place(relay: Relay, first: str) -> None:
    """It would be healthy: Streamlit answers its health check whatever the script does."""
    script = FOLDER / "apps" / "app_2" / "app_2.py"
    before = script.read_text()
    script.write_text("raise RuntimeError('broken on purpose')\n")
    try:
        done = play_on_all("container", pyapps_image_replace="drain", **relay.variables)
    finally:
        script.write_text(before)
    assert done.returncode != 0
    said = " ".join(re.sub(r"\x1b\[[0-9;]*m", "", done.stdout).split())
    assert "was refused, and is gone; what served before serves on" in said
    assert "refused: app_2: script: the script raised an exception: RuntimeError: broken on purpose" in said
    assert (relay.live(), relay.containers()) == (first, [first])
    assert serves(relay.port)


def megabytes(image: str) -> float:
    return float(inspect(image)["Size"]) / MEGABYTE


def test_a_change_of_one_app_is_a_small_new_layer_and_no_session_is_lost(
    relay: Relay, first: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """S0-91: at most 1 MB of new layers; what comes before the app's is taken from the cache.

    Meanwhile a page stays open on the old container, which ends when that page is closed.
    """
    before = inspect(IMAGE)["RootFS"]["Layers"]
    old = pin(relay.port, "app-2")
    with (FOLDER / "apps" / "app_2" / "app_2.py").open("a") as file:
        file.write("# one more line\n")
    visitors = Visitors(relay.port, ["/app-1/", "/app-2/_stcore/health"], 20)
    with session("http://127.0.0.1:%d%s/" % (relay.port, old)) as page:
        page.run()
        begun = time.monotonic()
        done = play_on_all("container", pyapps_image_replace="drain", **relay.variables)
        seconds = time.monotonic() - begun
        assert done.returncode == 0
        assert page.is_open()
        page.run()
        page.wait_for("Hello from App 2!", 60)
        visitors.close()
        assert visitors.failed == []
        assert relay.live() != first
        new = pin(relay.port, "app-2")
        assert new != old
        assert [get(relay.port, path + "/_stcore/health") for path in (old, new)] == [(200, "ok")] * 2
        assert inspect(first)["State"]["Status"] == "running"
    wait_for("the old container ends by itself", lambda: inspect(first)["State"]["Status"] == "exited")
    assert inspect(first)["State"]["ExitCode"] == 0
    # The tab, were it still open, would be told that its instance is gone.
    assert get(relay.port, old + "/_stcore/health")[0] == 410
    assert "one more line" in docker(
        "exec", relay.live(), "sh", "-c", "cat /srv/pyapps/apps/app_2/releases/*/code/app_2.py"
    )

    after = inspect(IMAGE)["RootFS"]["Layers"]
    same = sum(1 for old_layer, new_layer in zip(before, after, strict=False) if old_layer == new_layer)
    assert len(after) == len(before)
    assert len(after) - same == 2  # the app's, and the configuration, which comes last
    # The newest layers come first; ADD makes one of each archive.
    history = docker("history", "--no-trunc", "--human=false", "--format", "{{.Size}} {{.CreatedBy}}", IMAGE)
    size = sum(int(line.split()[0]) for line in [line for line in history.splitlines() if "ADD " in line][:2])
    with capsys.disabled():
        print("\na one-line change: %.1f s, %d new bytes in 2 of %d layers" % (seconds, size, len(after)))
        print("the image has %d MB, its base %d" % (megabytes(IMAGE), megabytes("pyapps-test-base:bookworm")))
    assert 0 < size <= MEGABYTE


def test_what_has_ended_is_removed_by_the_next_run(relay: Relay, first: str) -> None:
    """The container that serves was made without these variables, so it is replaced, too."""
    done = replace_only(relay, image_drain_timeout=0, image_run_env={"OTHER": "1"})
    assert done.returncode == 0
    assert first not in relay.containers()
    wait_for("the other one ends", lambda: relay.containers("--filter", "status=running") == [relay.live()])
    assert serves(relay.port)
