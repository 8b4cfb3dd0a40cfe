# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import io
import json
import os
import socket
import sqlite3
import tarfile
import tempfile
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.data_archive import (
    MANIFEST,
    ArchiveError,
    read_manifest,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import data_restore as _data_restore
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.data_restore import restore
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.data_save import save

HEAD = (MANIFEST, json.dumps({"format": 1, "app": "app_1"}).encode())


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "deep" / "er" / "a b ü.txt").write_text("a")
    (folder / "deep" / "run.sh").write_text("#!/bin/sh\n")
    (folder / "deep" / "run.sh").chmod(0o4755)
    (folder / "empty").mkdir(mode=0o700)
    (folder / "link").symlink_to("deep/er")
    (folder / ".home" / ".cache" / "big").mkdir(parents=True)
    (folder / ".home" / "kept").write_text("kept")
    (folder / ".tmp").mkdir()
    (folder / ".tmp" / "gone").write_text("gone")
    return folder


def saved(data: Path) -> bytes:
    with tempfile.TemporaryFile() as target:
        save(str(data), {"app": "app_1"}, target)
        target.seek(0)
        return target.read()


def tree(folder: Path) -> dict[str, str]:
    """What is below a folder: type and mode, target or content."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = "-> " + os.readlink(path)
        else:
            found[name] = "%o " % path.stat().st_mode + (path.read_text() if path.is_file() else "")
    return found


def archive(*members: tuple[str, t.Any]) -> io.BytesIO:
    """An archive as somebody could make it; a member is a name with its content, or with attributes of its TarInfo."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            if isinstance(content, bytes):
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
            else:
                for key, value in content.items():
                    setattr(info, key, value)
                tar.addfile(info)
    target.seek(0)
    return target


def test_what_was_saved_comes_back(data: Path, tmp_path: Path) -> None:
    content, target = saved(data), tmp_path / "new"
    target.mkdir()
    assert read_manifest(io.BytesIO(content)) == {"format": 1, "app": "app_1"}
    done = restore(io.BytesIO(content), str(target))
    assert (done.files, done.size) == (3, 15)
    before = tree(data)
    for name in (".tmp", ".tmp/gone", ".home/.cache", ".home/.cache/big"):
        del before[name]
    before["deep/run.sh"] = before["deep/run.sh"].replace("104755", "100755")
    assert tree(target) == before
    assert (target / "deep").stat().st_mtime == int((data / "deep").stat().st_mtime)


def test_a_database_that_is_being_written_is_saved_whole(data: Path, tmp_path: Path) -> None:
    """A copy of the file alone would miss what is in the WAL; a transaction that is open is not in it."""
    database = sqlite3.connect(data / "visits.db", isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("CREATE TABLE visits (name TEXT)")
    database.executemany("INSERT INTO visits VALUES (?)", [("v%d" % number,) for number in range(1000)])
    database.execute("BEGIN")
    database.execute("INSERT INTO visits VALUES ('open')")
    assert (data / "visits.db-wal").stat().st_size > 0
    content = saved(data)
    database.execute("COMMIT")
    database.close()
    target = tmp_path / "new"
    target.mkdir()
    restore(io.BytesIO(content), str(target))
    assert sorted(name for name in os.listdir(target) if name.startswith("visits")) == ["visits.db"]
    copy = sqlite3.connect(target / "visits.db")
    assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert copy.execute("SELECT count(*) FROM visits").fetchone() == (1000,)
    copy.close()
    assert os.listdir(data / ".tmp") == ["gone"]


def test_a_damaged_database_is_told(data: Path) -> None:
    (data / "bad.db").write_bytes(b"SQLite format 3\0" + b"x" * 5000)
    with pytest.raises(ArchiveError, match=r"bad\.db"):
        saved(data)


@pytest.mark.parametrize("target", ["/etc/passwd", "../..", "er/../../../x", "../../etc/shadow"])
def test_a_link_that_leads_out_is_refused(data: Path, target: str) -> None:
    (data / "deep" / "bad").symlink_to(target)
    with pytest.raises(ArchiveError, match="deep/bad is a link that leads out"):
        saved(data)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices")
def test_a_device_is_refused(data: Path) -> None:
    os.mknod(data / "null", 0o600 | 0o020000, os.makedev(1, 3))
    with pytest.raises(ArchiveError, match="null is a device"):
        saved(data)


def test_a_socket_and_a_pipe_are_left_out_and_told(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(data)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s.sock")
    os.mkfifo("pipe")
    with tempfile.TemporaryFile() as target:
        assert save(str(data), {"app": "app_1"}, target).skipped == ["pipe", "s.sock"]


@pytest.mark.parametrize(
    "content",
    [b"", b"not gzip", archive(("data/x", b"x")).getvalue(), archive((MANIFEST, b"{}")).getvalue()],
    ids=["empty", "not gzip", "no manifest", "manifest of nobody"],
)
def test_what_is_no_backup_is_refused(content: bytes) -> None:
    with pytest.raises(ArchiveError, match="not a backup made by this collection"):
        read_manifest(io.BytesIO(content))


def test_a_backup_of_another_format_is_refused() -> None:
    with pytest.raises(ArchiveError, match="format 2"):
        read_manifest(archive((MANIFEST, b'{"format": 2, "app": "app_1"}')))


@pytest.mark.parametrize(
    "members",
    [
        [("data/../../etc/x", b"x")],
        [("/etc/x", b"x")],
        [("x", b"x")],
        [("data", b"x")],
        [("data//x", b"x")],
        [("data/./x", b"x")],
        [("data/l", {"type": tarfile.SYMTYPE, "linkname": "/etc"})],
        [("data/l", {"type": tarfile.SYMTYPE, "linkname": "../x"})],
        [
            ("data/d", {"type": tarfile.DIRTYPE}),
            ("data/l", {"type": tarfile.SYMTYPE, "linkname": "d"}),
            ("data/l/x", b""),
        ],
        [("data/n", {"type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 3})],
        [("data/h", {"type": tarfile.LNKTYPE, "linkname": "/etc/passwd"})],
        [("data/f", {"type": tarfile.FIFOTYPE})],
        [("data/x", b"1"), ("data/x", b"2")],
        [("data/gone/x", b"1")],
        [("data/" + "x" * 300, b"1")],
        [("data/" + "x" * 300, {"type": tarfile.SYMTYPE, "linkname": "y"})],
    ],
)
def test_an_archive_that_leads_out_of_the_folder_is_refused(tmp_path: Path, members: list[tuple[str, t.Any]]) -> None:
    """The safety rules: devices, links and ``..``."""
    target = tmp_path / "outer" / "new"
    target.mkdir(parents=True)
    with pytest.raises(ArchiveError, match=r"in the archive|damaged|leads out") as caught:
        restore(archive(HEAD, *members), str(target))
    assert MANIFEST not in str(caught.value)
    assert os.listdir(target.parent) == ["new"]


def test_a_link_is_no_longer_than_the_kernel_takes_it(tmp_path: Path) -> None:
    """A header may have much more, and every link is remembered to the end."""
    links = [("data/%d" % size, {"type": tarfile.SYMTYPE, "linkname": "x" * size}) for size in (4095, 4096)]
    with pytest.raises(ArchiveError, match="data/4096' in the archive is a link of more than 4095 bytes"):
        restore(archive(HEAD, *links), str(tmp_path))


def test_a_truncated_archive_is_refused(data: Path, tmp_path: Path) -> None:
    (data / "large").write_bytes(os.urandom(200_000))
    target = tmp_path / "new"
    target.mkdir()
    with pytest.raises(ArchiveError, match="damaged"):
        restore(io.BytesIO(saved(data)[:-50_000]), str(target))


def test_an_archive_larger_than_the_disk_is_refused(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_data_restore, "RESERVE", 1 << 60)
    target = tmp_path / "new"
    target.mkdir()
    with pytest.raises(ArchiveError, match="more room"):
        restore(io.BytesIO(saved(data)), str(target))
