# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written, and what other programs write, is read; what nobody should write is in tests/hostile."""

from __future__ import annotations

import io
import subprocess
import tarfile
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.tar_reader import TarFormatError, TarReader
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.tar_writer import TarWriter

LONG = "data/" + "ü" * 90 + "/" + "y" * 120


def read(stream: t.BinaryIO) -> dict[str, tuple[str, str, int, bytes]]:
    """Kind, target, size and content (without holes) by name."""
    found, reader = {}, TarReader(stream)
    while (member := reader.next()) is not None:
        content = b"".join(chunk for _offset, chunk in reader.content())
        found[member.name] = (member.kind, member.target, member.size, content)
    return found


@pytest.mark.parametrize("archive_format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_what_tarfile_writes_is_read(archive_format: int) -> None:
    names = ["data/x", "data/" + "d" * 90 + "/" + "y" * 90]
    names += [] if archive_format == tarfile.USTAR_FORMAT else [LONG, "data/\udcff"]
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=archive_format) as tar:
        folder = tarfile.TarInfo("data/f")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = 3
            tar.addfile(info, io.BytesIO(b"abc"))
            link = tarfile.TarInfo(name + ".l")
            link.type, link.linkname = tarfile.SYMTYPE, name[:100]
            tar.addfile(link)
    stream.seek(0)
    wanted: dict[str, tuple[str, str, int, bytes]] = {"data/f": ("folder", "", 0, b"")}
    for name in names:
        wanted[name] = ("file", "", 3, b"abc")
        wanted[name + ".l"] = ("link", name[:100], 0, b"")
    assert read(stream) == wanted


@pytest.mark.parametrize("options", [[], ["--format=pax"], ["--format=pax", "--sparse"]], ids=" ".join)
def test_what_gnu_tar_writes_is_read(tmp_path: Path, options: list[str]) -> None:
    (tmp_path / "data" / ("d" * 150)).mkdir(parents=True)
    (tmp_path / "data" / ("d" * 150) / "x").write_text("abc")
    with (tmp_path / "data" / "sparse").open("wb") as file:
        file.seek(5_000_000)
        file.write(b"abc")
        file.truncate(9_000_000)
    subprocess.run(["tar", *options, "-C", str(tmp_path), "-cf", str(tmp_path / "a.tar"), "data"], check=True)
    with (tmp_path / "a.tar").open("rb") as stream:
        found = read(stream)
    assert found["data/%s/x" % ("d" * 150)] == ("file", "", 3, b"abc")
    assert found["data/sparse"][:3] == ("file", "", 9_000_000)
    assert found["data/sparse"][3].strip(b"\0") == b"abc"
    assert len(found["data/sparse"][3]) < 10_000 or "--sparse" not in options


@pytest.mark.parametrize("pieces", [[(0, 3)], [(4096, 512), (9216, 1024)], [(0, 512), (99_840, 160)], []])
def test_what_is_written_is_read_by_others_too(tmp_path: Path, pieces: list[tuple[int, int]]) -> None:
    content = bytearray(3 if pieces == [(0, 3)] else 100_000)
    for offset, length in pieces:
        content[offset : offset + length] = b"x" * length
    path = tmp_path / "a.tar"
    with path.open("wb") as stream:
        writer = TarWriter(stream)
        info = tarfile.TarInfo(LONG)
        info.size = len(content)
        writer.add_file(info, pieces, lambda offset, length: bytes(content[offset : offset + length]))
        writer.end()
    assert path.stat().st_size % 10240 == 0
    with path.open("rb") as stream:
        member = TarReader(stream).next()
    assert member is not None
    assert (member.name, member.size, member.stored) == (LONG, len(content), sum(length for _at, length in pieces))
    subprocess.run(["tar", "-C", str(tmp_path), "-xf", str(path)], check=True)
    assert (tmp_path / LONG).read_bytes() == bytes(content)


def test_what_nobody_reads_is_skipped() -> None:
    stream = io.BytesIO()
    writer = TarWriter(stream)
    for name in ("a", "b"):
        info = tarfile.TarInfo(name)
        info.size = 600
        writer.add_file(info, [(0, 600)], lambda _offset, length: b"x" * length)
    writer.end()
    stream.seek(0)
    reader = TarReader(stream)
    assert [member.name for member in iter(reader.next, None)] == ["a", "b"]


@pytest.mark.parametrize("at", [0, 100, 148, 156, 257])
def test_a_header_that_was_changed_is_refused(at: int) -> None:
    block = bytearray(tarfile.TarInfo("a").tobuf(tarfile.USTAR_FORMAT))
    block[at] ^= 1
    with pytest.raises(TarFormatError):
        TarReader(io.BytesIO(bytes(block) + bytes(1024))).next()


@pytest.mark.parametrize("number", [0, 7, 8**11 - 1, 8**11, 2**40 + 5])
def test_a_number_is_read_however_large_it_is_written(number: int) -> None:
    """GNU tar writes in binary what has more than eleven octal digits: a size of 8 GB and more."""
    from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import tar_reader as _tar_reader

    assert _tar_reader._octal(tarfile.itn(number, 12, tarfile.GNU_FORMAT)) == number
