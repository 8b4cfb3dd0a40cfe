# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The published names of make's targets, and VS Code's container: what they would run.

The scenario `rootless` runs the same commands with Docker. Two rows have no test: S0-93 is an earlier stage of the
published Dockerfile, and S0-100 pushes to somebody's registry, which docs/how-to/container.md says how to do.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout

PROJECT = Path(__file__).resolve().parents[2]
KINDS = ("prod", "dev")


def would_run(target: str, *variables: str) -> list[list[str]]:
    """The words of each command for Docker."""
    return [words for words in dry_run(target, *variables) if words[0] == "docker"]


def dry_run(target: str, *variables: str) -> list[list[str]]:
    """The words of each command, as make prints them."""
    command = ["make", "--dry-run", "--no-print-directory", target, "ENV_FILE=/nowhere", *variables]
    done = subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True)
    return [shlex.split(line) for line in done.stdout.replace("\\\n", " ").splitlines() if line.strip()]


BUILD, RUN = ["playbooks/container.yml"], ["run", "--detach"]
REMOVE = [["container", "inspect"], ["stop", "--time"], ["rm", "--volumes"]]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("target", "steps"),
    [
        ("build-%s", [BUILD]),
        ("run-%s", [RUN]),
        ("run-%s-80", [RUN]),
        ("exec-%s", [["exec", "--interactive"]]),
        ("start-%s", [["start"]]),
        ("stop-%s", [["stop", "--time"]]),
        ("remove-%s", REMOVE),
        ("rebuild-%s", [BUILD, *REMOVE, RUN]),
        ("rebuild-%s-80", [BUILD, *REMOVE, RUN]),
    ],
)
def test_every_published_target_does_what_it_did(kind: str, target: str, steps: list[list[str]]) -> None:
    """S0-95: the eighteen, each with its steps in their order, all on one image and its container."""
    name = "pyapps-" + kind
    found = [words for words in dry_run(target % kind) if "playbooks/container.yml" in words or "docker" in words]
    assert len(found) == len(steps), found
    for words, step in zip(found, steps):
        place = words.index("docker") + 1 if "docker" in words else words.index(step[0])
        assert words[place : place + len(step)] == step
        assert name in words or "pyapps_image_name=" + name in words


@pytest.mark.parametrize("kind", KINDS)
def test_a_container_is_told_which_kind_it_is(kind: str) -> None:
    """S0-95: and only `-80` publishes a port."""
    (plain,) = would_run("run-" + kind)
    (published,) = would_run("run-%s-80" % kind)
    assert "APP_ENV=" + kind.upper() in plain
    assert "--publish" not in plain
    # Docker would kill after ten seconds.
    assert plain[plain.index("--stop-timeout") + 1] == "60"
    assert published[published.index("--publish") + 1] == "80:80"
    assert plain[-1] == published[-1] == "pyapps-" + kind
    mounts = [word for word in plain if word.endswith(":%s:ro" % Layout("/").source)]
    assert mounts == (["%s:%s:ro" % (PROJECT / "apps", Layout("/").source)] if kind == "dev" else [])


@pytest.mark.parametrize("kind", KINDS)
def test_image_and_container_are_named_as_is_wanted(kind: str) -> None:
    """S0-94: the published names are `streamlit-prod` and `streamlit-dev`."""
    (command,) = would_run("run-" + kind, "IMAGE=streamlit")
    assert command[command.index("--name") + 1] == command[-1] == "streamlit-" + kind
    (built,) = [words for words in dry_run("build-" + kind, "IMAGE=streamlit") if "playbooks/container.yml" in words]
    assert "pyapps_image_name=streamlit-" + kind in built


def test_a_file_of_variables_is_given_when_it_is_there(tmp_path: Path) -> None:
    """S0-96."""
    file = tmp_path / "variables"
    file.write_text('HELLO="WORLD"\n')
    (command,) = would_run("run-prod", "ENV_FILE=%s" % file)
    assert command[command.index("--env-file") + 1] == str(file)
    assert "--env-file" not in would_run("run-prod")[0]


def test_vs_code_opens_the_apps_of_the_image_that_make_builds() -> None:
    """Its own validation needs VS Code, which is not here; these are the places where it and this project meet."""
    text = (PROJECT / ".devcontainer" / "devcontainer.json").read_text()
    settings = json.loads(re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE))
    assert settings["initializeCommand"] == "make build-dev"
    assert settings["image"] == would_run("run-dev")[0][-1]
    assert settings["overrideCommand"] is False
    assert settings["workspaceFolder"] == Layout("/").source
    assert "target=%s," % Layout("/").source in settings["workspaceMount"]
    assert settings["forwardPorts"] == [80]
