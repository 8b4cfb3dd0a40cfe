# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the demo's targets and the maker of test images say when something is missing. Nothing is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
NOBODY = 65534


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What make needs of a checkout; whoever runs it may enter it."""
    for name in ("Makefile", "requirements/demo.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(PROJECT / name, tmp_path / name)
    (tmp_path / ".tools" / "demo").mkdir(parents=True)
    return tmp_path


def run(clone: Path, *words: str) -> subprocess.CompletedProcess[str]:
    demo = "DEMO_DIR=%s" % (clone / "demo")
    return subprocess.run(["make", *words, demo], cwd=clone, capture_output=True, text=True, check=False)


def test_the_demo_takes_further_options(clone: Path) -> None:
    """S0-61: such as the word that removes several apps."""
    done = run(clone, "--dry-run", "demo", "DEMO_FLAGS=-e pyapps_allow_removal=true")
    assert "site.yml -e pyapps_allow_removal=true" in done.stdout


def test_a_long_step_of_make_counts_aloud(clone: Path) -> None:
    """People who see nothing for half a minute think that it hangs. Whoever reads along is not held up afterwards."""
    python = clone / "python"
    python.write_text('#!/bin/sh\n[ "$1" = -c ] && exit 0\nsleep 2.5\nexit 3\n')
    python.chmod(0o755)
    done = run(clone, ".tools/demo/.stamp", "PYTHON=%s" % python, "COUNT_EACH=1")
    assert done.returncode != 0
    assert done.stdout.splitlines()[:3] == [
        "Preparing the tools of the demo in .tools/demo (once; half a minute, and longer on a slow line)",
        "    ... 1 s",
        "    ... 2 s",
    ]
    begun = time.monotonic()
    python.write_text('#!/bin/sh\n[ "$1" = -c ]\n')
    assert "Preparing" in run(clone, ".tools/demo/.stamp", "PYTHON=%s" % python, "COUNT_EACH=300").stdout
    assert time.monotonic() - begun < 60


def test_removing_one_demo_leaves_another_ones_tools(clone: Path) -> None:
    (clone / ".cache" / "demo").mkdir(parents=True)
    (clone / ".cache" / "demo" / "folders").write_text("%s\n%s\n" % (clone / "demo", clone / "other"))
    (clone / "other" / "srv" / "pyapps").mkdir(parents=True)
    done = run(clone, "demo-clean")
    assert "The tools stay for the one in %s." % (clone / "other") in done.stdout
    assert (clone / ".tools" / "demo").is_dir()
    shutil.rmtree(clone / "other")
    assert "The demo is gone." in run(clone, "demo-clean").stdout
    assert not (clone / ".tools").exists()


@pytest.mark.parametrize("target", ["demo", "demo-clean"])
def test_a_demo_of_roots_is_named_before_anything_fails(clone: Path, target: str) -> None:
    (clone / ".tools" / "demo").chmod(0o555)
    if os.geteuid() == 0:
        os.chown(clone, NOBODY, NOBODY)
        os.chown(clone / ".tools", NOBODY, NOBODY)
        for folder in (clone, *clone.parents):
            if folder.owner() == "root" and str(folder).startswith("/tmp/"):
                folder.chmod(0o755)
        words = ["setpriv", "--reuid=%d" % NOBODY, "--regid=%d" % NOBODY, "--clear-groups", "make", target]
    else:
        words = ["make", target]
    done = subprocess.run(words, cwd=clone, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert ".tools/demo belongs to" in done.stderr
    assert "sudo make demo-clean" in done.stderr


def test_without_an_index_the_last_words_say_what_to_set(clone: Path) -> None:
    """pip's own are `from versions: none`."""
    fake = clone / "python"
    fake.write_text('#!/bin/sh\n[ "$1" = -m ] || exit 0\nmkdir -p "$4/bin"\nprintf "exit 1" > "$4/bin/python"\n')
    fake.write_text(fake.read_text() + 'chmod 755 "$4/bin/python"\n')
    fake.chmod(0o755)
    done = run(clone, "demo", "PYTHON=%s" % fake)
    assert done.returncode != 0
    assert "the index was not reached" in done.stderr
    assert "PIP_INDEX_URL" in done.stderr
    assert not (clone / ".tools" / "demo" / ".stamp").exists()


def test_a_machine_without_mmdebstrap_makes_no_empty_image(tmp_path: Path) -> None:
    """An engine makes an empty image of an empty pipe, and the next run would believe its label."""
    calls = tmp_path / "calls"
    docker = tmp_path / "docker"
    docker.write_text('#!/bin/sh\n[ "$2" = inspect ] && exit 1\necho "$@" >> "%s"\n' % calls)
    docker.chmod(0o755)
    for name in ("bash", "grep", "paste", "cat", "sha256sum", "cut", "flock", "dirname", "mktemp", "rm"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    done = subprocess.run(
        [tmp_path / "bash", PROJECT / "tests" / "images" / "make_base", "trixie"],
        env={"PATH": str(tmp_path), "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "mmdebstrap is missing" in done.stderr
    assert not calls.exists()
