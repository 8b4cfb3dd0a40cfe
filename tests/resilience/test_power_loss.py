# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing that a deploy relies on is lost with the power: shown by the system calls of a whole run."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.site_host import new_site_host
from helpers.system_calls import Durability, traced

SCRIPT = "import streamlit as st\n\nst.write('This is version %d')\n"


def test_files_and_folders_are_synced_before_each_rename(tmp_path: Path) -> None:
    """C-09: of the environment, the release, the record, the marker and the link of an app that has changed."""
    with new_site_host() as host:
        folder = host.add_app("power", "streamlit==1.67.*", {"main.py": SCRIPT % 1})
        assert host.site().code == 0
        (folder / "main.py").write_text(SCRIPT % 2)
        (folder / "requirements.txt").write_text("streamlit==1.67.*\nsix\n")
        host.prefix = traced(tmp_path / "calls")
        played = host.site()
        host.prefix = []
        assert played.code == 0, played.text
        found = Durability(str(host.root)).read(tmp_path / "calls")
    app = host.layout.app(host.name("power"))
    assert found.problems == []
    for place in (host.layout.envs, app.releases, app.instances, app.serving, host.layout.programs, app.path):
        assert [path for path in found.renamed if Path(path).parent == Path(place)], place
    assert app.live in found.renamed


@pytest.mark.parametrize(
    ("calls", "problem"),
    [
        (
            '1 openat(AT_FDCWD</>, "/r/.part-a", O_WRONLY|O_CREAT, 0600) = 3</r/.part-a>\n'
            '1 rename("/r/.part-a", "/r/a") = 0\n',
            "/r/.part-a was renamed into place before it was synced",
        ),
        (
            '1 openat(AT_FDCWD</>, "/r/s/.part-m/page", O_RDWR|O_CREAT, 0600) = 3</r/s/.part-m/page>\n'
            "1 fsync(3</r/s/.part-m/page> <unfinished ...>\n"
            '2 openat(AT_FDCWD</>, "/r/other", O_RDONLY) = -1 ENOENT (No such file or directory)\n'
            "1 <... fsync resumed>) = 0\n"
            '1 rename("/r/s/.part-m", "/r/s/m") = 0\n'
            '1 renameat2(AT_FDCWD</>, "/r/.part-live", AT_FDCWD</>, "/r/live", 0) = 0\n',
            "/r/s was not synced before /r/live",
        ),
    ],
)
def test_the_reading_of_system_calls_sees_what_is_not_synced(tmp_path: Path, calls: str, problem: str) -> None:
    """The measure itself."""
    (tmp_path / "calls").write_text(calls)
    assert Durability("/r").read(tmp_path / "calls").problems == [problem]
