# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A front's files are put in place, judged, and back again when the server refuses them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.install import Install, RejectedError, Wanted
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(str(tmp_path))
    os.makedirs(layout.front)
    return layout


def install(layout: Layout, tmp_path: Path, site: str | None = "new", link: str | None = "site") -> Install:
    files = [Wanted(str(tmp_path / "site"), site), Wanted(str(tmp_path / "enabled"), link, link=True)]
    return Install(layout, "nginx", files)


def fine() -> None:
    return None


def test_files_and_links_are_put_once(layout: Layout, tmp_path: Path) -> None:
    first = install(layout, tmp_path)
    assert first.changed
    assert [(entry["before"], entry["after"]) for entry in first.diff] == [("", "new"), ("", "site")]
    first.apply(fine)
    assert (tmp_path / "site").read_text() == "new"
    assert os.readlink(tmp_path / "enabled") == "site"
    assert install(layout, tmp_path).changed, "the server has not read them yet"
    first.loaded()
    first.loaded()
    again = install(layout, tmp_path)
    assert (again.changed, again.diff, again.differing) == (False, [], [])


def test_what_must_not_be_there_is_removed(layout: Layout, tmp_path: Path) -> None:
    install(layout, tmp_path).apply(fine)
    gone = install(layout, tmp_path, None, None)
    assert gone.changed
    gone.apply(fine)
    gone.loaded()
    assert not (tmp_path / "site").exists()
    assert not (tmp_path / "enabled").is_symlink()
    assert not install(layout, tmp_path, None, None).changed


def test_a_file_where_a_link_should_be_is_replaced(layout: Layout, tmp_path: Path) -> None:
    (tmp_path / "site").write_text("new")
    (tmp_path / "enabled").write_text("new")
    first = install(layout, tmp_path)
    assert [file.path for file, _before in first.differing] == [str(tmp_path / "enabled")]
    first.apply(fine)
    assert os.readlink(tmp_path / "enabled") == "site"


def test_what_the_server_refuses_is_as_it_was(layout: Layout, tmp_path: Path) -> None:
    (tmp_path / "site").write_text("old")
    refused = install(layout, tmp_path)

    def complain() -> str:
        assert (tmp_path / "site").read_text() == "new"
        assert os.path.exists(refused.pending)
        return "unknown directive"

    with pytest.raises(RejectedError, match="unknown directive"):
        refused.apply(complain)
    assert (tmp_path / "site").read_text() == "old"
    assert not (tmp_path / "enabled").is_symlink()
    assert not os.path.exists(refused.pending)


def test_files_that_were_never_read_stay_so_when_the_next_are_refused(layout: Layout, tmp_path: Path) -> None:
    install(layout, tmp_path).apply(fine)
    with pytest.raises(RejectedError):
        install(layout, tmp_path, "newer").apply(lambda: "no")
    assert (tmp_path / "site").read_text() == "new"
    assert install(layout, tmp_path).changed


def test_a_file_that_can_not_be_written_leaves_all_as_it_was(layout: Layout, tmp_path: Path) -> None:
    (tmp_path / "site").write_text("old")
    files = [Wanted(str(tmp_path / "site"), "new"), Wanted(str(tmp_path / "none" / "site"), "new")]
    with pytest.raises(OSError, match="No such file"):
        Install(layout, "nginx", files).apply(fine)
    assert (tmp_path / "site").read_text() == "old"


def test_what_is_replaced_is_kept_once_but_not_that_of_one_app(layout: Layout, tmp_path: Path) -> None:
    of_app = Path(layout.front_apps) / "one.html"
    of_app.parent.mkdir(parents=True)
    for path in (of_app, tmp_path / "site"):
        path.write_text("old")
    os.symlink("elsewhere", tmp_path / "enabled")
    wanted = [Wanted(str(of_app), "new"), Wanted(str(tmp_path / "site"), "new")]
    Install(layout, "nginx", [*wanted, Wanted(str(tmp_path / "enabled"), "site", link=True)]).apply(fine)
    backup = Path(layout.front) / "backup"
    assert [path.name for path in backup.iterdir()] == ["site"]
    assert (backup / "site").read_text() == "old"
