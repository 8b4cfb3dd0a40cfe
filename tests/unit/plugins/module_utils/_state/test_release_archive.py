# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The archive: what goes in comes out, and nothing else does."""

from __future__ import annotations

import io
import json
import stat
import tarfile
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.release_archive import (
    Unpacking,
    unpack,
    write_archive,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.release_files import list_app_files

HELLO = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"  # SHA-256 of "hello"


@pytest.fixture
def app(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "app.py").write_text("hello")
    (folder / "deep" / "er" / "run.sh").write_text("#!/bin/sh\n")
    (folder / "deep" / "er" / "run.sh").chmod(0o755)
    (folder / "deep" / "link.py").symlink_to("../app.py")
    return folder


def new_part(tmp_path: Path, name: str = "part") -> Unpacking:
    (tmp_path / name).mkdir()
    return Unpacking(str(tmp_path / name))


def crafted(path: Path, entries: dict[str, t.Any], members: t.Sequence[tuple[str, bytes]]) -> str:
    """An archive as a stranger would write it."""
    with tarfile.open(path, "w") as archive:
        for name, data in [("app/manifest.json", json.dumps(entries).encode()), *members]:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return str(path)


def test_files_modes_and_links_come_out(app: Path, tmp_path: Path) -> None:
    assert write_archive(str(tmp_path / "a.tar"), {"app": list_app_files(str(app))}, {"app": []}) == {}
    assert unpack(str(tmp_path / "a.tar"), {"app": new_part(tmp_path)}) == {}
    code = tmp_path / "part" / "code"
    assert (code / "deep" / "link.py").read_text() == "hello"
    assert (code / "deep" / "link.py").is_symlink()
    assert stat.S_IMODE((code / "app.py").stat().st_mode) == 0o444
    assert stat.S_IMODE((code / "deep" / "er" / "run.sh").stat().st_mode) == 0o555


def test_initial_data_comes_only_where_the_target_has_none(app: Path, tmp_path: Path) -> None:
    (app / "up").mkdir()
    (app / "up" / "a.txt").write_text("a")
    (app / "updates").mkdir()
    (app / "updates" / "b.txt").write_text("b")
    files = list_app_files(str(app), ["up", "updates"])
    write_archive(str(tmp_path / "a.tar"), {"app": files}, {"app": ["up"]})
    unpack(str(tmp_path / "a.tar"), {"app": new_part(tmp_path)})
    assert (tmp_path / "part" / "initial" / "up" / "a.txt").read_text() == "a"
    assert not (tmp_path / "part" / "initial" / "updates").exists()


def test_only_the_apps_that_are_asked_for_are_unpacked(app: Path, tmp_path: Path) -> None:
    files = list_app_files(str(app))
    write_archive(str(tmp_path / "a.tar"), {"one": files, "two": files}, {"one": [], "two": []})
    assert unpack(str(tmp_path / "a.tar"), {"two": new_part(tmp_path)}) == {}
    assert (tmp_path / "part" / "code" / "app.py").exists()


@pytest.mark.parametrize("content", ["hello, longer", "hi", "HELLO"])
def test_a_file_that_changes_while_it_is_read_fails_its_app_only(app: Path, tmp_path: Path, content: str) -> None:
    """S0-24: and the others in the same archive are whole."""
    files = list_app_files(str(app))
    (app / "app.py").write_text(content)
    other = tmp_path / "other"
    other.mkdir()
    (other / "app.py").write_text("hello")
    write_archive(str(tmp_path / "a.tar"), {"app": files, "o": list_app_files(str(other))}, {"app": [], "o": []})
    parts = {"app": new_part(tmp_path), "o": new_part(tmp_path, "o")}
    assert unpack(str(tmp_path / "a.tar"), parts) == {"app": "app.py has changed while it was read: run again"}
    assert (tmp_path / "o" / "code" / "app.py").read_text() == "hello"


def test_a_file_that_vanishes_fails_its_app_only(app: Path, tmp_path: Path) -> None:
    files = list_app_files(str(app))
    (app / "deep" / "er" / "run.sh").unlink()
    failures = write_archive(str(tmp_path / "a.tar"), {"app": files}, {"app": []})
    assert list(failures) == ["app"]
    assert "run.sh has vanished while it was read: run again" in failures["app"]


def test_an_archive_that_ends_early_is_noticed(tmp_path: Path) -> None:
    archive = crafted(tmp_path / "a.tar", {"app.py": {"sha256": HELLO, "executable": False}}, [])
    assert unpack(archive, {"app": new_part(tmp_path)}) == {"app": "the archive ends too early: run again"}


def test_other_content_than_announced_is_noticed(tmp_path: Path) -> None:
    entries = {"app.py": {"sha256": HELLO, "executable": False}}
    archive = crafted(tmp_path / "a.tar", entries, [("app/code/app.py", b"evil!")])
    assert "has changed" in unpack(archive, {"app": new_part(tmp_path)})["app"]


@pytest.mark.parametrize("path", ["../evil", "/evil", "a/../../evil", "a//b", "./a", "", "a/", "a\0b"])
def test_paths_out_of_the_release_are_refused(tmp_path: Path, path: str) -> None:
    """Safety rule: nothing is written outside the release."""
    archive = crafted(tmp_path / "a.tar", {path: {"sha256": HELLO, "executable": False}}, [])
    assert "does not belong into a release" in unpack(archive, {"app": new_part(tmp_path)})["app"]
    archive = crafted(tmp_path / "b.tar", {}, [("app/initial/" + path, b"hello")] if "\0" not in path else [])
    unpack(archive, {"app": new_part(tmp_path, "second")})
    assert not list(tmp_path.rglob("evil"))


@pytest.mark.parametrize("target", ["../evil", "/etc/passwd", "deep/../../evil", ".."])
def test_links_out_of_the_release_are_refused(tmp_path: Path, target: str) -> None:
    archive = crafted(tmp_path / "a.tar", {"link": {"link": target}}, [])
    assert "does not belong into a release" in unpack(archive, {"app": new_part(tmp_path)})["app"]


def test_nothing_is_made_behind_a_link(tmp_path: Path) -> None:
    entries = {"a": {"link": "."}, "a/b": {"link": "c"}}
    archive = crafted(tmp_path / "a.tar", entries, [])
    assert unpack(archive, {"app": new_part(tmp_path)}) == {"app": "a/b would lie behind a link"}


def test_members_that_are_no_files_are_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        member = tarfile.TarInfo("app/code/device")
        member.type = tarfile.CHRTYPE
        archive.addfile(member)
    assert "is not a regular file" in unpack(str(tmp_path / "a.tar"), {"app": new_part(tmp_path)})["app"]


def test_a_member_that_was_not_announced_is_refused(tmp_path: Path) -> None:
    archive = crafted(tmp_path / "a.tar", {}, [("app/code/extra.py", b"x")])
    assert "does not belong into a release" in unpack(archive, {"app": new_part(tmp_path)})["app"]
