# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an image says of where its apps come from, and since when it is what it is."""

from __future__ import annotations

import re
import subprocess
import typing as t
from pathlib import Path

import pytest
from helpers.image_role import ImageRole

SHOWN = ("image_source", "image_revision", "_image_created")
CANARY = "pyapps@canary-4711"
WHEN = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


def git(folder: Path, *words: str) -> str:
    """What git prints."""
    who = ["-c", "user.name=Johan", "-c", "user.email=johan@example.com"]
    return subprocess.run(
        ["git", "-C", folder, *who, *words], check=True, capture_output=True, text=True, timeout=60
    ).stdout.strip()


@pytest.fixture
def role(tmp_path: Path) -> ImageRole:
    return ImageRole(tmp_path, SHOWN)


@pytest.fixture
def apps(tmp_path: Path) -> Path:
    """A folder of a repository, with one file."""
    folder = tmp_path / "repository" / "apps"
    folder.mkdir(parents=True)
    (folder / "app.py").write_text("1\n")
    git(folder.parent, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "first")
    return folder


def label(
    role: ImageRole, *flags: str, written: t.Sequence[str] = (), base_changed: bool = False, **variables: t.Any
) -> int:
    """Make the labels of an image with one layer; how many tasks have changed something."""
    made = {
        "__image_layers": {"layers": ["apps/configuration.tar"], "written": list(written)},
        "__image_system": {"changed": base_changed},
        "_image_start_interval": False,
    }
    role.image.mkdir(exist_ok=True)
    played = role.play("labels", *flags, **made, **variables)
    assert played.code == 0
    assert CANARY not in played.text
    return played.changed


def test_source_and_revision_are_those_of_the_apps_folder(role: ImageRole, apps: Path) -> None:
    """Without credentials; with a mark when the folder has changes, and only the folder."""
    git(apps, "remote", "add", "origin", "https://me:%s@example.com/me/apps.git" % CANARY)
    label(role, "-vvv", image_apps_dir=str(apps))
    commit = git(apps, "rev-parse", "HEAD")
    assert role.found()["image_source"] == "https://example.com/me/apps.git"
    assert role.found()["image_revision"] == commit
    (apps.parent / "notes.txt").touch()
    git(apps.parent, "add", "--all")
    git(apps.parent, "commit", "--quiet", "--message", "elsewhere")
    (apps.parent / "notes.txt").write_text("not yet")
    label(role, image_apps_dir=str(apps))
    assert role.found()["image_revision"] == commit
    (apps / "new.py").touch()
    label(role, image_apps_dir=str(apps))
    assert role.found()["image_revision"] == commit + "-dirty"


@pytest.mark.parametrize(
    ("remote", "source"),
    [
        ("git@example.com:me/apps.git", "git@example.com:me/apps.git"),
        ("ssh://git@example.com/me/apps.git", "ssh://example.com/me/apps.git"),
        ("/srv/git/apps.git", ""),
        ("file:///srv/git/apps.git", ""),
    ],
)
def test_a_remote_that_others_know_is_a_source(role: ImageRole, apps: Path, remote: str, source: str) -> None:
    git(apps, "remote", "add", "origin", remote)
    label(role, image_apps_dir=str(apps))
    assert role.found()["image_source"] == source


def test_without_a_repository_there_is_neither(role: ImageRole, tmp_path: Path) -> None:
    """And without a folder, or without git: it fails no run."""
    for folder in (str(tmp_path), str(tmp_path / "missing"), ""):
        label(role, image_apps_dir=folder)
        assert (role.found()["image_source"], role.found()["image_revision"]) == ("", "")


def test_what_a_person_says_wins(role: ImageRole, apps: Path) -> None:
    label(role, image_apps_dir=str(apps), image_source="https://example.com/mine", image_revision="v1")
    assert (role.found()["image_source"], role.found()["image_revision"]) == ("https://example.com/mine", "v1")


def test_the_time_stays_as_long_as_the_image_does(role: ImageRole) -> None:
    """Design rule 6: a second build with the same input changes nothing."""
    record = role.image / "created.json"
    assert label(role) == 1
    assert WHEN.fullmatch(role.found()["_image_created"])

    def changes(**variables: t.Any) -> bool:
        """Whether another run gives another time; the one that is kept is long ago."""
        record.write_text(re.sub(WHEN, "2001-01-01T00:00:00Z", record.read_text()))
        label(role, **variables)
        return bool(role.found()["_image_created"] != "2001-01-01T00:00:00Z")

    assert not changes()
    assert changes(written=["apps/configuration.tar"])
    assert changes(base_changed=True)
    assert changes(image_labels={"a": "b"})
    assert not changes(image_labels={"a": "b"})
