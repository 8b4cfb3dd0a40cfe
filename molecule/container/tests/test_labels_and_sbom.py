# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the image says of itself, and the lists of what is in its environments."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tarfile
import typing as t
from datetime import datetime, timedelta, timezone
from pathlib import Path

IMAGE = "pyapps-container-prod"
FOLDER = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])
LABEL = "org.opencontainers.image."


def command(*words: str | Path) -> str:
    """What a program prints."""
    done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def labels() -> dict[str, str]:
    """The image's labels, without what their names begin with."""
    found = json.loads(command("docker", "inspect", "--format", "{{json .Config.Labels}}", IMAGE))
    return {name[len(LABEL) :]: text for name, text in found.items() if name.startswith(LABEL)}


def lists() -> dict[str, dict[str, t.Any]]:
    """What is in the environments, by name of the environment."""
    found = {}
    for path in (FOLDER / "image" / "sbom").iterdir():
        match = re.fullmatch(r"environment-([0-9a-f]{16})\.cdx\.json", path.name)
        assert match, path
        found[match.group(1)] = json.loads(path.read_text())
    return found


def installed(environment: str) -> dict[str, str]:
    """What an environment of the image has, as its own Python says it: versions by normalised name."""
    script = "import importlib.metadata as m\nfor found in m.distributions(): print(found.name, found.version)"
    python = "/srv/pyapps/envs/%s/bin/python" % environment
    lines = command("docker", "run", "--rm", "--entrypoint", python, IMAGE, "-I", "-c", script).splitlines()
    return {normalised(name): version for name, version in (line.split() for line in lines)}


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_image_says_where_it_comes_from() -> None:
    """The apps lie in a git repository here, whose remote has credentials."""
    found = labels()
    apps = FOLDER / "apps"
    dirty = "-dirty" if command("git", "-C", apps, "status", "--porcelain") else ""
    assert found["source"] == "https://example.com/me/apps.git"
    assert found["revision"] == command("git", "-C", apps, "rev-parse", "HEAD") + dirty
    assert found["title"] == IMAGE


def test_the_image_says_since_when_it_is_what_it_is() -> None:
    """RFC 3339; a second build (idempotence) has kept it."""
    created = datetime.strptime(labels()["created"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    assert timedelta(0) <= datetime.now(timezone.utc) - created < timedelta(hours=3)
    assert labels()["created"] == json.loads((FOLDER / "image" / "created.json").read_text())["created"]


def test_a_base_of_this_machine_has_no_digest() -> None:
    assert not [name for name in labels() if name.startswith("base.")]
    assert "ARG BASE=pyapps-test-base:bookworm\n" in (FOLDER / "image" / "Dockerfile").read_text()


def test_what_is_in_each_environment_is_listed() -> None:
    """Every package with its version and purl, and no other."""
    found = lists()
    archives = {path.stem for path in (FOLDER / "image" / "layers" / "environments").glob("environment-*.tar")}
    assert archives == {"environment-" + name for name in found}
    for name, document in found.items():
        assert document["specVersion"] == "1.5"
        versions = {normalised(part["name"]): part["version"] for part in document["components"]}
        assert versions == installed(name)
        purls = {part["purl"] for part in document["components"]}
        assert "pkg:pypi/streamlit@" + versions["streamlit"] in purls
        assert len(purls) == len(versions)


def test_the_lists_are_not_in_the_image() -> None:
    for path in sorted((FOLDER / "image" / "layers").glob("*/*.tar")):
        with tarfile.open(path) as archive:
            names = archive.getnames()
        assert not [name for name in names if re.search(r"pyapps-sbom|environment-[0-9a-f]+\.cdx", name)], path.name
