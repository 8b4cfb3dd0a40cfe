# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog import read_catalog
from helpers.apps import make_app


@pytest.mark.parametrize(
    ("content", "notices"),
    [
        (b"ffmpeg\nlibgl1 # for OpenCV\n\nffmpeg\n", ["apt install ffmpeg libgl1"]),
        ("libstdc++6\r\n".encode("utf-16"), ["apt install libstdc++6"]),
        (b"-o=x ffmpeg; ./a.deb a\n", ['no package of Debian: "-o=x", "ffmpeg;", "./a.deb", "a"']),
        (b"# nothing\n", []),
    ],
)
def test_what_the_host_must_have_is_told(tmp_path: Path, content: bytes, notices: list[str]) -> None:
    """By Debian's names only, so that nobody copies an option into a command of root."""
    make_app(tmp_path / "a", files={"packages.txt": content})
    catalog = read_catalog(str(tmp_path))
    assert catalog.errors == []
    assert len(catalog.notices) == len(notices)
    for notice, wanted in zip(catalog.notices, notices):
        assert "a/packages.txt" in notice
        assert notice.endswith(wanted)


def test_very_many_packages_are_refused(tmp_path: Path) -> None:
    names = "\n".join("lib%d" % number for number in range(201))
    make_app(tmp_path / "a", files={"packages.txt": names})
    assert [error.message for error in read_catalog(str(tmp_path)).errors] == ["names more than 200 packages"]
