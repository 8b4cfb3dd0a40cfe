# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Root walks through a folder in which another user exchanges folders and links meanwhile."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import files as _files
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.app_files import UnreadableError, read_app_text
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._images import image_layers as _image_layers
from ansible_collections.selfhost.pyapps.plugins.module_utils._images.source_view import make_view
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.release_archive import write_archive
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.release_files import (
    AppFile,
    AppFiles,
    AppFilesError,
    list_app_files,
)
from helpers.attacks import record, tries
from helpers.exchanger import STRANGER, exchanging

NAMES = ["lib%d" % number for number in range(60)]


@pytest.fixture
def place() -> t.Iterator[Path]:
    """A folder of root's that other users can enter: pytest's own are closed to them."""
    with tempfile.TemporaryDirectory(prefix="pyapps-hostile-") as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


@pytest.fixture
def victim(place: Path) -> Path:
    """Another app's folder, whose folders have names that can be guessed."""
    folder = place / "victim"
    for name in NAMES:
        (folder / name).mkdir(parents=True)
        (folder / name / "file").write_text("kept")
    return folder


def harm(victim: Path) -> list[str]:
    """What has become of the victim's folder; modes and owners are put right again."""
    found = []
    for path in (victim, *(victim / name for name in NAMES)):
        status = path.stat()
        if (stat.S_IMODE(status.st_mode), status.st_uid) != (0o755, os.geteuid()):
            found.append("%s has mode %o of user %d" % (path.name, stat.S_IMODE(status.st_mode), status.st_uid))
            os.chown(path, os.geteuid(), -1)
            path.chmod(0o755)
    return found + ["the file in %s is gone" % name for name in NAMES if not (victim / name / "file").exists()]


def bait(folder: Path, target: Path) -> Path:
    """A stranger's folder; in it ``own``, with the same names as somebody else's, and ``link``, which leads there."""
    own, link = folder / "own", folder / "link"
    for path in (folder, own, *(own / name for name in NAMES)):
        path.mkdir()
        (path / "file").write_text("own")
        os.chown(path, STRANGER, STRANGER)
    link.symlink_to(target)
    return folder


def test_what_a_build_left_is_deleted_through_no_exchanged_link(place: Path, victim: Path) -> None:
    through: list[str] = []
    count = tries(15, 500)
    for number in range(count):
        work = place / (".part-work-%d" % number)
        work.mkdir()
        with exchanging(bait(work / "build", victim), ("own", "link")), contextlib.suppress(OSError):
            _files.force_remove(str(work))
        through += harm(victim)
        assert through or not work.exists()
    record("home", "folders and links exchanged in a build's folder while root deletes it", count, through)


@pytest.fixture
def app(place: Path, victim: Path) -> Path:
    """An app's folder whose owner is a stranger to who runs Ansible; his link lies where nothing is sent from."""
    bait(place / "app", victim)
    (place / "app" / ".git").mkdir()
    (place / "app" / "link").rename(place / "app" / ".git" / "link")
    os.chown(place / "app" / ".git", STRANGER, STRANGER)
    return place / "app"


def test_the_controller_lists_and_sends_nothing_that_an_exchanged_link_leads_to(app: Path, place: Path) -> None:
    kept, through = hashlib.sha256(b"kept").hexdigest(), []
    count, archive = tries(20, 500), place / "archive.tar"
    # Initial data is sent without a hash, so nothing that was listed stands in the way.
    listed = AppFiles(str(app), initial=[AppFile("own/%s/file" % name, "") for name in NAMES])
    with exchanging(app, ("own", ".git/link")):
        for _attempt in range(count):
            with contextlib.suppress(AppFilesError):
                through += [file.path for file in list_app_files(str(app)).files if file.content == kept]
            write_archive(str(archive), {"app": listed}, {"app": ["own"]})
            through += ["sent"] * archive.read_bytes().count(b"kept")
    record("controller", "folders exchanged for links in an app's folder while it is read", count, through)


def test_the_controller_reads_no_setting_that_an_exchanged_link_leads_to(app: Path) -> None:
    count, through = tries(3000, 50_000), []
    with exchanging(app, ("own", ".git/link")):
        for _attempt in range(count):
            with contextlib.suppress(UnreadableError, OSError):
                if read_app_text(str(app), str(app / "own" / NAMES[0] / "file"), 100) == "kept":
                    through.append("read")
    record("controller", "a settings file's folder exchanged for a link while it is read", count, through)


def test_an_image_gets_nothing_that_an_exchanged_link_in_data_leads_to(place: Path, victim: Path) -> None:
    layout, release = Layout(str(place / "root")), "f" * 16
    app = layout.app("app_1")
    os.makedirs(app.release(release))
    bait(Path(app.data), victim)
    (Path(app.data) / ".tmp").mkdir()
    (Path(app.data) / "link").rename(Path(app.data) / ".tmp" / "link")
    os.chown(Path(app.data) / ".tmp", STRANGER, STRANGER)
    count, through = tries(30, 500), []
    with exchanging(Path(app.data), ("own", ".tmp/link")):
        for number in range(count):
            folder = place / ("layers-%d" % number)
            with contextlib.suppress(OSError):
                layer = _image_layers._app(layout, "app_1", release)
                _image_layers.write(str(folder), layer)
                through += ["sent"] * (folder / layer.path).read_bytes().count(b"kept")
    record("image", "folders exchanged for links in data/ while an image is made of it", count, through)


def test_the_view_of_a_mounted_folder_shows_no_name_that_an_exchanged_link_leads_to(
    app: Path, place: Path, victim: Path
) -> None:
    (victim / "canary").mkdir()
    (place / "code").mkdir()
    count, through = tries(200, 5000), []
    with exchanging(app, ("own", ".git/link")):
        for number in range(count):
            view = place / ("view-%d" % number)
            with contextlib.suppress(OSError):
                make_view(str(app), str(place / "code"), str(view), ["own/visits.db"])
            through += [str(number)] * os.path.lexists(view / "own" / "canary")
    record("image", "folders exchanged for links in a mounted folder while a container starts", count, through)
