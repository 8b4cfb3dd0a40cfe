# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wheels that a build has left; the builds themselves are tried in tests/hostile/test_builds.py."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments import wheels
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.unprivileged import EnvironmentFailedError


def test_the_wheels_of_a_build_have_a_limit_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files with holes cost a build nothing; copied they would fill the disk, as root."""
    build, into = tmp_path / "build", tmp_path / "into"
    build.mkdir()
    into.mkdir()
    for number in range(4):
        with open(build / ("evil-1.%d-py3-none-any.whl" % number), "wb") as file:
            file.truncate(4000)
    monkeypatch.setattr(wheels, "_LARGEST", 16_000)
    assert len(wheels._take(str(build), {"evil"}, str(into))) == 4
    monkeypatch.setattr(wheels, "_LARGEST", 10_000)
    for name in os.listdir(into):
        os.unlink(into / name)
    with pytest.raises(EnvironmentFailedError, match=r"more than .* evil-1\.2-py3"):
        wheels._take(str(build), {"evil"}, str(into))
    assert len(os.listdir(into)) == 2


def test_only_wheels_of_what_is_wanted_are_taken_and_the_outermost_of_a_name(tmp_path: Path) -> None:
    """What a package writes deeper down cannot take the place of what uv has built."""
    build, into = tmp_path / "build", tmp_path / "into"
    (build / "deep").mkdir(parents=True)
    into.mkdir()
    for path, text in (
        ("alpha-1-py3-none-any.whl", "right"),
        ("deep/alpha-1-py3-none-any.whl", "wrong"),
        ("deep/Beta_Two-1-py3-none-any.whl", "deep"),
        ("evil-1-py3-none-any.whl", "evil"),
        ("alpha-1.tar.gz", "no wheel"),
    ):
        (build / path).write_text(text)
    (build / "link-1-py3-none-any.whl").symlink_to("/etc/passwd")
    found = wheels._take(str(build), {"alpha", "beta-two", "link"}, str(into))
    assert [name for name, _hash in found] == ["alpha", "beta-two"]
    assert {path.name: path.read_text() for path in into.iterdir()} == {
        "alpha-1-py3-none-any.whl": "right",
        "Beta_Two-1-py3-none-any.whl": "deep",
    }


def test_a_wheel_that_another_user_has_put_there_is_refused(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("gives a file away")
    (tmp_path / "build").mkdir()
    (tmp_path / "into").mkdir()
    wheel = tmp_path / "build" / "alpha-1-py3-none-any.whl"
    wheel.touch()
    os.chown(wheel, 65534, 65534)
    with pytest.raises(EnvironmentFailedError):
        wheels._take(str(tmp_path / "build"), {"alpha"}, str(tmp_path / "into"))
