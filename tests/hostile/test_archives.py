# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups of data folders that an app has prepared, and archives that anybody has made."""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import random
import stat
import subprocess
import tarfile
import tempfile
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.data_archive import ArchiveError, read_manifest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import force_remove
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.data_restore import restore
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.data_save import save
from helpers import evil_archives as evil
from helpers.attacks import record, tries
from helpers.bounded import MIB, outcome
from helpers.exchanger import STRANGER, exchanging


@pytest.fixture
def target() -> t.Iterator[Path]:
    """An empty folder, in memory; beside it is what no archive may reach."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as outer:
        (Path(outer) / "new").mkdir()
        (Path(outer) / "x").write_text("canary")
        yield Path(outer) / "new"


def emptied(target: Path) -> None:
    force_remove(str(target))
    target.mkdir()


def escaped(target: Path) -> list[str]:
    """What an archive has reached outside of the folder, or made in it that may not be there."""
    outer = target.parent
    found = ["%s beside it" % name for name in os.listdir(outer) if name not in ("new", "x")]
    if (outer / "x").read_text() != "canary":
        found.append("the file beside it")
    for path in target.rglob("*"):
        status = path.lstat()
        if path.is_symlink():
            if not (os.path.realpath(path) + "/").startswith(str(target) + "/"):
                found.append("%s -> %s" % (path.name, os.readlink(path)))
        elif status.st_mode & 0o7000 or not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
            found.append("%s is %o" % (path.name, status.st_mode))
        elif stat.S_ISREG(status.st_mode) and status.st_nlink != 1:
            found.append("%s has other names" % path.name)
    return found


def test_no_archive_reaches_anything_outside_of_its_folder(target: Path) -> None:
    chance = random.Random(12)  # noqa: S311 - the same ones each time
    through: list[str] = []
    count, restored = tries(200, 5000), 0
    for _attempt in range(count):
        archive = evil.random_archive(chance)
        with contextlib.suppress(ArchiveError):
            restore(archive, str(target))
            restored += 1
        found = escaped(target)
        if found:
            through.append("%s: %s" % (archive.getvalue().hex()[:2000], found))
        emptied(target)
    assert 0 < restored < count
    record("home", "archives made at random", count, through)


@pytest.mark.parametrize(
    "links",
    [
        {"d/e/r": "../..", "out": "d/e/r/../x"},
        {"out": "d/e/r/../x", "d/e/r": "../.."},
        {"a": "d/e", "b": "a/../..", "c": "b/.."},
        {"a": ".", "b": "a/a/a/..", "c": "a/b"},
        {"a": "b", "b": "c", "c": "d/l", "d/l": "../../x"},
        {"a": "d/../..", "b": "a"},
    ],
)
def test_a_link_that_leads_out_through_others_is_not_made(target: Path, links: dict[str, str]) -> None:
    parts = [evil.member(b"data/d", evil.FOLDER), evil.member(b"data/d/e", evil.FOLDER)]
    parts += [evil.member(b"data/" + path.encode(), evil.LINK, b"", text.encode()) for path, text in links.items()]
    with contextlib.suppress(ArchiveError):
        restore(evil.packed(*parts, evil.END), str(target))
    record("home", "links that lead out through others", 1, escaped(target))


def zeros(size: int) -> t.Iterator[bytes]:
    return itertools.repeat(bytes(MIB), size // MIB)


HUGE = 256 * MIB
SPARSE_FILE = {b"GNU.sparse.major": b"1", b"GNU.sparse.minor": b"0", b"GNU.sparse.realsize": b"4096"}
BOMBS: dict[str, t.Callable[[], io.BytesIO]] = {
    "one extended header of 256 MB": lambda: evil.packed(evil.header(b"x", b"x", HUGE), zeros(HUGE)),
    "extended headers without a member": lambda: evil.packed(itertools.repeat(evil.extended({b"path": b"x"}), 5_000)),
    "a million records": lambda: evil.packed(
        evil.header(b"x", b"x", 12_000_000), evil.padded(b"".join(b"12 %07d=x\n" % n for n in range(1_000_000)))
    ),
    "a record that has no length": lambda: evil.packed(
        evil.header(b"x", b"x", 16), evil.padded(evil.record(b"a", b"b") + b"without=x\n"), evil.END
    ),
    "a long name of 256 MB": lambda: evil.packed(evil.header(b"L", b"L", HUGE), zeros(HUGE)),
    "a long link of 256 MB": lambda: evil.packed(evil.header(b"K", b"K", HUGE), zeros(HUGE)),
    "global headers": lambda: evil.packed(evil.header(b"g", b"g", HUGE), zeros(HUGE)),
    "a sparse list without an end": lambda: evil.packed(
        evil.extended(SPARSE_FILE), evil.header(b"data/s", size=HUGE), b"99999\n" + bytes(506), zeros(HUGE)
    ),
    "a sparse list of a million pieces": lambda: evil.packed(
        evil.extended(SPARSE_FILE), evil.header(b"data/s", size=HUGE), b"1000000\n" + b"0\n0\n" * 126, zeros(HUGE)
    ),
    "a sparse file of the old format": lambda: evil.packed(
        evil.header(b"data/s", evil.SPARSE), itertools.repeat(bytes(504) + b"\1" + bytes(7), 100_000)
    ),
    "more links than anyone has": lambda: evil.packed(
        (evil.member(b"data/%d" % number, evil.LINK, b"", b"x" * 90) for number in range(101_000)), evil.END
    ),
    "links in folders that are not there": lambda: evil.packed(
        evil.member(b"data/" + b"a/" * 1900 + b"l", evil.LINK, b"", b"x")
    ),
    "a path of 60 KB": lambda: evil.packed(evil.member(b"data/" + b"a/" * 30_000 + b"x"), evil.END),
    "zeros behind its end": lambda: evil.packed(evil.END, zeros(HUGE)),
    "a second archive behind its end": lambda: io.BytesIO(evil.packed(evil.END).getvalue() * 2),
    "no end": lambda: evil.packed(evil.member(b"data/x", content=b"x")),
    "a size below zero": lambda: evil.packed(evil.extended({b"size": b"-1"}), evil.header(b"data/x"), evil.END),
    "a size of exabytes": lambda: evil.packed(evil.header(b"data/x", size=1 << 60), evil.END),
    "a folder with content": lambda: evil.packed(evil.header(b"data/x", evil.FOLDER, HUGE), zeros(HUGE)),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_before_it_takes_memory(target: Path, name: str) -> None:
    archive = BOMBS[name]()
    end = outcome(lambda: restore(archive, str(target)), 100 * MIB)
    record("home", "archive: %s" % name, 1, [] if end.startswith("ArchiveError") else [end])


def test_what_root_reads_of_an_archive_takes_no_memory(tmp_path: Path) -> None:
    """Root looks which app an archive is of."""
    bombs = [
        evil.header(b"x", b"x", HUGE),
        evil.header(b"L", b"L", HUGE),
        evil.header(b"pyapps-backup.json", size=HUGE),
    ]
    through = []
    for bomb in bombs:
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w:gz", compresslevel=1) as tar:
            assert tar.fileobj is not None
            tar.fileobj.write(bomb)
            for block in zeros(HUGE):
                tar.fileobj.write(block)
        archive.seek(0)
        end = outcome(lambda archive=archive: read_manifest(archive), 60 * MIB)  # type: ignore[misc]
        through += [] if end.startswith("ArchiveError") else [end]
    record("home", "a manifest that is a bomb", len(bombs), through)


@pytest.fixture
def small_disk(tmp_path: Path) -> t.Iterator[Path]:
    """A file system of 80 MB, of which 64 MB are kept free."""
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=80m", "tmpfs", str(place)], check=True)
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize(
    "parts",
    [
        [evil.header(b"data/x", size=200 * MIB), zeros(200 * MIB)],
        [(evil.member(b"data/%d" % number) for number in range(100_000))],
        [(evil.member(b"data/%d" % number, evil.FOLDER) for number in range(100_000))],
    ],
    ids=["one large file", "very many files", "very many folders"],
)
def test_an_archive_fills_no_disk(small_disk: Path, parts: list[t.Any]) -> None:
    new = small_disk / "new"
    new.mkdir()
    with pytest.raises(ArchiveError, match="more room than the disk has"):
        restore(evil.packed(*parts, evil.END), str(new))
    status = os.statvfs(small_disk)
    free = status.f_bavail * status.f_frsize
    record("home", "archives larger than the disk", 1, [] if free >= 60 * MIB else ["%d bytes stay free" % free])


# Saving


def names_in(archive: t.BinaryIO) -> dict[str, bytes]:
    archive.seek(0)
    with tarfile.open(fileobj=archive, mode="r:gz") as tar:
        return {info.name: tar.extractfile(info).read() if info.isreg() else b"" for info in tar}  # type: ignore[union-attr]


def test_a_backup_holds_nothing_that_an_exchanged_link_leads_to(tmp_path: Path) -> None:
    """Where the app's rights are those of everybody (without root), nothing else would keep it in."""
    outside = tmp_path / "outside"
    outside.mkdir()
    data = tmp_path / "data"
    (data / "own").mkdir(parents=True)
    (data / ".tmp").mkdir()
    (data / ".tmp" / "link").symlink_to(outside)  # what is in there is not saved, so the link itself betrays nothing
    for number in range(300):
        (outside / str(number)).write_text("canary")
        (data / "own" / str(number)).write_text("own")
    for folder in (data, data / "own", data / ".tmp"):
        os.chown(folder, STRANGER, STRANGER)
    count, through = tries(20, 300), []
    with exchanging(data, ("own", ".tmp/link")):
        for _attempt in range(count):
            with tempfile.TemporaryFile() as archive, contextlib.suppress(ArchiveError, OSError):
                save(str(data), {"app": "app_1"}, archive)
                through += [name for name, content in names_in(archive).items() if content == b"canary"]
    record("home", "folders exchanged for links in data/ while it is saved", count, through)


def test_holes_of_terabytes_take_neither_time_nor_room(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for number in range(20):
        with (data / str(number)).open("wb") as file:
            file.write(b"begin")
            file.truncate(1 << 43)
            file.seek(1 << 42)
            file.write(b"middle")
    through = []
    with tempfile.TemporaryFile() as archive:
        end = outcome(lambda: save(str(data), {"app": "app_1"}, archive), 50 * MIB, seconds=60)
        if end != "done" or os.fstat(archive.fileno()).st_size > MIB:
            through.append("%s, %d bytes" % (end, os.fstat(archive.fileno()).st_size))
        archive.seek(0)
        (tmp_path / "new").mkdir()
        restore(archive, str(tmp_path / "new"))
    with (tmp_path / "new" / "7").open("rb") as file:
        assert (file.read(5), file.seek(1 << 42), file.read(6)) == (b"begin", 1 << 42, b"middle")
        assert os.fstat(file.fileno()).st_size == 1 << 43
        assert os.fstat(file.fileno()).st_blocks < 100
    record("home", "sparse files of 8 TB in data/", 20, through)


_GROWS = "import sys\nfile = open(sys.argv[1], 'ab', 0)\nprint(flush=True)\nwhile True: file.write(b'x' * 65536)"


def test_a_file_that_grows_for_ever_ends_where_it_was_opened(small_disk: Path, tmp_path: Path) -> None:
    command = ["python3", "-c", _GROWS, str(small_disk / "log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with tempfile.TemporaryFile(dir=tmp_path) as archive:
            end = outcome(lambda: save(str(small_disk), {"app": "app_1"}, archive), 50 * MIB)
            assert end == "done"
            size = len(names_in(archive)["data/log"])
        process.kill()
    record("home", "a file that grows while it is saved", 1, [] if size <= 80 * MIB else [size])


def test_very_many_files_take_no_memory() -> None:
    count = tries(40_000, 1_000_000)
    with tempfile.TemporaryDirectory(dir="/dev/shm") as data, tempfile.TemporaryFile() as archive:
        for number in range(count):
            os.close(os.open("%s/%d" % (data, number), os.O_CREAT | os.O_WRONLY, 0o644))
        end = outcome(lambda: save(data, {"app": "app_1"}, archive), 12 * MIB, seconds=900)
    record("home", "very many files in data/", count, [] if end == "done" else [end])
