# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.reader import read_catalog
from helpers.apps import make_app


@pytest.mark.parametrize(
    ("content", "names", "others"),
    [
        (b"ffmpeg\nlibgl1 # for OpenCV\n\nffmpeg\n", ["ffmpeg", "libgl1"], ""),
        ("libstdc++6\r\n".encode("utf-16"), ["libstdc++6"], ""),
        (b"-o=x ffmpeg; ./a.deb a g++\n", ["g++"], '"-o=x", "ffmpeg;", "./a.deb", "a"'),
        (b"nano- ffmpeg=7:5.1 libc6:i386 lib* curl/sid ^x$ ?essential\n", [], '"nano-", "ffmpeg=7:5.1"'),
        (b"# nothing\n", [], ""),
    ],
)
@pytest.mark.parametrize("installs", [False, True])
def test_names_alone_are_taken(tmp_path: Path, content: bytes, names: list[str], others: str, installs: bool) -> None:
    """No option, no version, nothing that makes apt remove a package; told, or an error where they are installed."""
    make_app(tmp_path / "a", files={"packages.txt": content})
    catalog = read_catalog(str(tmp_path), installs_packages=installs)
    told = catalog.notices + [error.as_line() for error in catalog.errors]
    assert len(told) == (1 if others else 0)
    assert len(catalog.errors) == (1 if others and installs else 0)
    for line in told:
        assert "a/packages.txt" in line
        assert "names what is no package of Debian" in line
        assert others in line
    if not catalog.errors:
        assert catalog.apps[0]["debian_packages"] == names


def test_very_many_packages_are_refused(tmp_path: Path) -> None:
    names = "\n".join("lib%d" % number for number in range(201))
    make_app(tmp_path / "a", files={"packages.txt": names})
    assert [error.message for error in read_catalog(str(tmp_path)).errors] == ["names more than 200 packages"]
