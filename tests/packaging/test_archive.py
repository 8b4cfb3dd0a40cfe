# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The built collection: what is in it, that it needs no network, and that it works away from its checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
import tarfile
from pathlib import Path

import pytest
from tools.build_ignore import block

TOOLS = Path(sysconfig.get_path("scripts"))
# Files as they lie about in a checkout that is used: each must stay out of the archive.
PLANTED = (
    ".env",
    "apps/app_1/.env",
    "apps/app_1/.venv/bin/python",
    "apps/app_1/data/visitors.db",
    "docs/.env",
    "playbooks/.env",
    "playbooks/secrets.json",
    "plugins/modules/debug.log",
    "roles/pyapps/.env",
    "roles/pyapps/files/.venv/lib/site.py",
    "roles/pyapps/tasks/run.log",
    "roles/pyapps/id_rsa",
    "plugins/modules/cache.sqlite3",
    "run.log",
    "d",
    "docs2/notes.md",
    "play/notes.yml",
    "unknown/deep/notes.md",
    "Überraschung/notes.md",
    ".demo/srv/pyapps/apps/app_1/data/visitors.db",
    ".venv/bin/python",
    ".tools/venv/bin/python",
)
NEEDED = (
    "README.md",
    "LICENSE",
    "SECURITY.md",
    "CHANGELOG.rst",
    "meta/runtime.yml",
    "playbooks/site.yml",
    "playbooks/status.yml",
    "playbooks/remove.yml",
    "plugins/modules/setup_toml.py",
    "roles/pyapps/tasks/main.yml",
    "schemas/setup.toml.schema.json",
)


def offline(command: list[str | Path], cwd: Path, **environment: str) -> None:
    """Run a command where there is no network at all."""
    without_network = ["unshare", "--map-root-user", "--net", "--"]
    inherited = {name: value for name, value in os.environ.items() if name != "ANSIBLE_CONFIG"}
    done = subprocess.run(
        [*without_network, *command], cwd=cwd, env={**inherited, **environment}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def used_checkout(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout in which people have worked."""
    copy = tmp_path_factory.mktemp("checkout") / "with a space"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=checkout,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        source, target = checkout / name, copy / name
        if source.exists() or source.is_symlink():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    for name in PLANTED:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_text("SECRET=1\n")
    return copy


@pytest.fixture(scope="module")
def archive(used_checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive that ``ansible-galaxy collection build`` makes there, without a network."""
    folder = tmp_path_factory.mktemp("build")
    offline([TOOLS / "ansible-galaxy", "collection", "build", "--output-path", folder], used_checkout)
    return next(folder.glob("selfhost-pyapps-*.tar.gz"))


@pytest.fixture(scope="module")
def installed(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of collections with ours alone."""
    folder = tmp_path_factory.mktemp("collections")
    offline([TOOLS / "ansible-galaxy", "collection", "install", "--offline", "-p", folder, archive], folder)
    return folder


def test_the_archive_holds_what_is_named_and_nothing_that_lies_about(archive: Path) -> None:
    with tarfile.open(archive) as tar:
        names = {name.removeprefix("./") for name in tar.getnames()}
    assert names.isdisjoint(PLANTED)
    assert names >= set(NEEDED)
    folders = {name.split("/")[0] for name in names if "/" in name}
    assert folders <= {"changelogs", "docs", "meta", "playbooks", "plugins", "roles", "schemas"}


def test_what_stays_out_is_made_from_what_goes_in(checkout: Path) -> None:
    """Nobody writes these patterns by hand."""
    assert block() in (checkout / "galaxy.yml").read_text()


def test_every_tracked_file_of_a_role_and_plugin_is_in_the_archive(archive: Path, checkout: Path) -> None:
    """A template with a new suffix would be missing on every host that installs the collection."""
    with tarfile.open(archive) as tar:
        names = {name.removeprefix("./") for name in tar.getnames()}
    parts = ["changelogs", "docs", "meta", "playbooks", "plugins", "roles", "schemas"]
    tracked = subprocess.run(
        ["git", "ls-files", *parts], cwd=checkout, check=True, capture_output=True, text=True
    ).stdout
    assert set(tracked.splitlines()) - names == set()


@pytest.mark.parametrize(
    "playbook", ["site", "status", "remove", "deploy", "restart", "logs", "backup", "restore", "new_app"]
)
def test_the_playbooks_of_an_installed_collection_are_found_from_anywhere(
    playbook: str, installed: Path, checkout: Path, tmp_path: Path
) -> None:
    """No other collection is there, so none is needed."""
    offline(
        [
            TOOLS / "ansible-playbook",
            "selfhost.pyapps." + playbook,
            "--syntax-check",
            "-i",
            checkout / "inventories" / "home",
        ],
        tmp_path,
        ANSIBLE_COLLECTIONS_PATH=str(installed),
    )
