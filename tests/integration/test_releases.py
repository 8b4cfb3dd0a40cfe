# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module releases, run by ansible-playbook on a real target: as root, and as somebody else."""

from __future__ import annotations

import os
import stat
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import app_user
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import Result
from helpers.release_target import NEW, OLD, Target, new_target

# As root both ways are tried: as root itself, and by `become` as a user without rights.
IDENTITIES = ["", "nobody"] if os.geteuid() == 0 else [""]


@pytest.fixture
def target(request: pytest.FixtureRequest) -> t.Iterator[Target]:
    with new_target(getattr(request, "param", "")) as made:
        yield made


def everything(folder: Path) -> dict[str, tuple[int, int, int, int]]:
    """What a run could have changed below a folder: inode, mode, owner, time."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        found[str(path)] = (status.st_ino, status.st_mode, status.st_uid, status.st_mtime_ns)
    return found


def may(user: str, test: str, path: Path) -> bool:
    """Whether a user passes a test of test(1), such as ``-r``."""
    command = ["setpriv", "--reuid", user, "--regid", user, "--clear-groups", "test", test, str(path)]
    return subprocess.run(command, check=False).returncode == 0


@pytest.mark.parametrize("target", IDENTITIES, ids=lambda user: user or "self", indirect=True)
def test_from_nothing_to_a_change(target: Target) -> None:
    """S0-25, S0-29: two apps with an old and a new Streamlit; a second run sends and writes nothing; then only what
    changed moves."""
    old = target.add_app(OLD, data={"paths": ["uploads", "var/app.db"]})
    new = target.add_app(NEW)
    (target.source(old) / "uploads").mkdir()
    (target.source(old) / "uploads" / "first.txt").write_text("first")
    (target.source(new) / "tool.sh").write_text("#!/bin/sh\n")
    (target.source(new) / "tool.sh").chmod(0o755)
    (target.source(new) / "again.py").symlink_to("app.py")

    planned = target.run("--check", "--diff")
    assert planned.changed
    assert planned.modules == 1
    assert not list(Path(target.layout.apps).glob("*/releases/*"))
    assert "+app.py" in planned.text
    assert "+baseUrlPath" in planned.text

    first = target.run()
    assert first.changed
    assert first.modules == 2
    assert [first.app(name)["release"] for name in (old, new)] == [planned.app(name)["release"] for name in (old, new)]
    assert (target.code(first, old) / "uploads" / "first.txt").read_text() == "first"
    assert (Path(target.app(old).data) / "var").is_dir()
    assert stat.S_IMODE((target.code(first, new) / "tool.sh").stat().st_mode) == 0o555
    assert os.readlink(target.code(first, new) / "again.py") == "app.py"

    before = everything(Path(target.layout.apps))
    second = target.run()
    assert not second.changed
    assert second.modules == 1
    assert everything(Path(target.layout.apps)) == before
    assert not target.run("--check", "--diff").changed

    (target.source(new) / "app.py").write_text("import streamlit as st\n\nst.write('canary')\n")
    third = target.run("--diff")
    assert (third.app(old)["changed"], third.app(new)["changed"]) == (False, True)
    assert third.app(old)["release"] == first.app(old)["release"]
    assert third.app(new)["release"] != first.app(new)["release"]
    assert "canary" not in third.text
    assert (target.code(first, new) / "app.py").exists()


def test_one_broken_app_stops_no_other(target: Target) -> None:
    """S0-24, C-21: each with step and reason; the others get their releases."""
    good = target.add_app(NEW)
    option = target.add_app(NEW, streamlit={"config": {"server.maxUploadsize": 5}})
    origins = target.add_app(OLD, route={"allowed_origins": ["https://a.example.com"]})
    link = target.add_app(NEW)
    (target.source(link) / "passwd").symlink_to("/etc/passwd")
    earlier = target.add_app(NEW)
    target.results[earlier].update(state="failed", step="environment", reason="no such package", log=["x"])
    outcome = target.run()
    assert outcome.app(good)["state"] == "ok"
    assert "did you mean server.maxUploadSize?" in outcome.app(option)["reason"]
    assert "Streamlit 1.41.1 cannot allow other origins" in outcome.app(origins)["reason"]
    assert "passwd is a link that leads out of the app's folder" in outcome.app(link)["reason"]
    assert {outcome.app(name)["step"] for name in (option, origins, link)} == {"release"}
    assert outcome.app(earlier) == Result.of(target.results[earlier]).as_dict()
    assert [name for name in target.results if os.listdir(target.app(name).releases)] == [good]


def test_other_requirements_make_another_release(target: Target) -> None:
    """S0-23: the published script ignored a changed requirements.txt; here it is another environment, so a release."""
    name = target.add_app(OLD)
    first = target.run()
    target.add_app(NEW)  # its environment
    target.results[name].update(environment=target.environment_name(NEW), streamlit=NEW)
    second = target.run()
    assert second.app(name)["release"] != first.app(name)["release"]
    assert "corsAllowedOrigins" in (target.code(second, name) / ".streamlit" / "config.toml").read_text()


if os.geteuid() == 0:

    def test_an_app_reads_its_own_release_only_and_writes_none() -> None:
        """Everything above ``data/`` is root's (safety rules); one user per app."""
        with new_target() as target:
            mine, other = target.add_app(), target.add_app()
            outcome = target.run()
            user, script = app_user(mine), target.code(outcome, mine) / "app.py"
            assert may(user, "-r", script)
            assert not may(user, "-r", target.code(outcome, other) / "app.py")
            places = [script, *script.parents[:3], script.parent / ".streamlit" / "config.toml"]
            assert [place for place in places if may(user, "-w", place)] == []
            assert may(user, "-w", Path(target.app(mine).data))

    def test_root_follows_no_link_that_an_app_has_planted() -> None:
        """Root never writes below ``data/``: the first content is copied with the app's own rights."""
        with new_target() as target:
            name = target.add_app()
            target.run()
            trap = target.folder / "trap"
            trap.mkdir()
            (Path(target.app(name).data) / "var").symlink_to(trap)
            target.entry(name)["data"] = {"paths": ["var/uploads"]}
            outcome = target.run()
            assert outcome.app(name)["state"] == "failed"
            assert "Permission denied" in outcome.app(name)["reason"]
            assert list(trap.iterdir()) == []
            assert len(os.listdir(target.app(name).releases)) == 1
