# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a tar archive that anybody may have written, in bounded memory and linear time.

tarfile reads a header of any length into memory, and its sparse files in ways that differ from Python to Python. This
reads what :mod:`_tar_writer` and GNU tar write of files, folders and links, and refuses everything else.
"""

from __future__ import annotations

import re
import typing as t

BLOCK = 512
FILE, FOLDER, LINK, OTHER = "file", "folder", "link", "other"

MOST_PIECES = 100_000
"""Of one sparse file."""

_KINDS = {b"0": FILE, b"\0": FILE, b"5": FOLDER, b"2": LINK}
_EXTENDED, _LONG_NAME, _LONG_LINK = b"x", b"L", b"K"
_LONGEST_HEADER = 64 * 1024  # of a long name, or of extended attributes
_LONGEST_END = 1 << 20  # of the zeros at the end
_CHUNK = 1 << 20
_NUMBER = re.compile(rb"[0-9]{1,18}")
_OCTAL = re.compile(rb"[0-7]+")
_BINARY = 0x80  # the first byte of a number that is not written in digits
_SPARSE = b"GNU.sparse."
_DIGITS_OF_LENGTH = 6  # of a record, at the most

Piece = tuple[int, int]


class TarFormatError(ValueError):
    """An archive that is damaged, or holds what is not read here; the text says what."""


class Member(t.NamedTuple):
    """What an archive holds next.

    :param name: as it stands there: it may lead anywhere
    :param target: of a link
    :param mode: permissions and further bits
    :param mtime: seconds since 1970
    :param size: of a file, holes included
    :param pieces: offset and length of what a file holds between its holes, ascending
    """

    name: str
    kind: str
    target: str
    mode: int
    mtime: int
    size: int
    pieces: t.Sequence[Piece]

    @property
    def stored(self) -> int:
        """Bytes of its content without holes."""
        return sum(length for _offset, length in self.pieces)


class _Header(t.NamedTuple):
    name: bytes
    kind: bytes
    target: bytes
    mode: int
    mtime: int
    size: int


class TarReader:
    """The members of an archive, one after another.

    :param stream: the archive, unpacked
    """

    def __init__(self, stream: t.BinaryIO) -> None:
        self._stream = stream
        self._member: Member | None = None
        self._padding = 0

    def next(self) -> Member | None:
        """The next member; None at the end, which is checked.

        :raises TarFormatError: there is none that can be read
        """
        for _chunk in self.content():
            pass  # what nobody wanted
        extras: dict[bytes, bytes] = {}
        seen: set[bytes] = set()
        while (header := self._header()) is not None:
            if header.kind not in (_EXTENDED, _LONG_NAME, _LONG_LINK):
                self._member = self._with(header, extras)
                return self._member
            if header.kind in seen:
                raise TarFormatError("a member has two headers of one kind")
            seen.add(header.kind)
            extras.update(self._extras(header))
        return None

    def content(self) -> t.Iterator[tuple[int, bytes]]:
        """The content of the member, as offsets and bytes; only once."""
        member, self._member = self._member, None
        if member is None:
            return
        for offset, length in member.pieces:
            at = 0
            while at < length:
                chunk = self._take(min(length - at, _CHUNK))
                yield offset + at, chunk
                at += len(chunk)
        self._take(self._padding)

    def _take(self, size: int) -> bytes:
        """So many bytes, which must be there."""
        data = self._stream.read(size)
        while len(data) < size:
            more = self._stream.read(size - len(data))
            if not more:
                raise TarFormatError("it ends too early")
            data += more
        return data

    def _header(self) -> _Header | None:
        block = self._take(BLOCK)
        if block.strip(b"\0"):
            return _read_header(block)
        rest = self._take(BLOCK)
        while part := self._stream.read(_LONGEST_END):  # to its end, so that gzip compares its checksum
            rest += part
            if len(rest) > _LONGEST_END:
                break
        if len(rest) > _LONGEST_END or rest.strip(b"\0"):
            raise TarFormatError("something follows its end")
        return None

    def _extras(self, header: _Header) -> dict[bytes, bytes]:
        """What stands in front of a member because its header has no room for it."""
        if header.size > _LONGEST_HEADER:
            raise TarFormatError("a header has %d bytes, and at most %d are read" % (header.size, _LONGEST_HEADER))
        body = self._take(header.size)
        self._take(-header.size % BLOCK)
        if header.kind == _EXTENDED:
            return _read_records(body)
        return {b"path" if header.kind == _LONG_NAME else b"linkpath": body.split(b"\0", 1)[0]}

    def _with(self, header: _Header, extras: t.Mapping[bytes, bytes]) -> Member:
        kind = _KINDS.get(header.kind, OTHER)
        stored = _number(extras[b"size"]) if b"size" in extras else header.size
        if stored and kind in (FOLDER, LINK):
            raise TarFormatError("a folder or a link has content")
        self._padding = -stored % BLOCK
        size, pieces, name = stored, [(0, stored)], extras.get(b"path", header.name)
        if any(key.startswith(_SPARSE) for key in extras):
            size, pieces = self._sparse(extras, stored)
            name = extras.get(_SPARSE + b"name", name)
        text = _text(name)
        return Member(
            name=text[:-1] if kind == FOLDER and text.endswith("/") else text,
            kind=kind,
            target=_text(extras.get(b"linkpath", header.target)),
            mode=header.mode,
            mtime=header.mtime,
            size=size,
            pieces=pieces,
        )

    def _sparse(self, extras: t.Mapping[bytes, bytes], stored: int) -> tuple[int, list[Piece]]:
        """Size and pieces of a sparse file: a list of numbers in front of its content."""
        if (extras.get(_SPARSE + b"major"), extras.get(_SPARSE + b"minor")) != (b"1", b"0"):
            raise TarFormatError("it has a sparse file of a format other than 1.0")
        size, text = _number(extras.get(_SPARSE + b"realsize", b"")), bytearray()
        lines, wanted = 0, 1
        while lines < wanted:
            block = self._take(BLOCK)
            text += block
            lines += block.count(b"\n")
            if len(text) == BLOCK:
                count = _number(bytes(block.split(b"\n", 1)[0]))
                if count > MOST_PIECES:
                    raise TarFormatError("a sparse file has more than %d pieces" % MOST_PIECES)
                wanted = 1 + 2 * count
            if len(text) > BLOCK + wanted * 20:
                raise TarFormatError("the list of a sparse file's pieces has no end")
        numbers = [_number(line) for line in bytes(text).split(b"\n")[1:wanted]]
        pieces = list(zip(numbers[::2], numbers[1::2]))
        _check_pieces(pieces, size)
        if len(text) + sum(length for _offset, length in pieces) != stored:
            raise TarFormatError("the pieces of a sparse file are not its content")
        return size, pieces


def _check_pieces(pieces: t.Iterable[Piece], size: int) -> None:
    """Pieces ascend; all but the last are whole blocks, because others fill them up."""
    end = 0
    for offset, length in pieces:
        if offset < end or offset + length > size or (length and end % BLOCK):
            raise TarFormatError("the pieces of a sparse file do not follow each other")
        end = offset + length


def _read_header(block: bytes) -> _Header:
    checksum = sum(block) - sum(block[148:156]) + 8 * ord(" ")
    if _octal(block[148:156]) != checksum or block[257:262] != b"ustar":
        raise TarFormatError("a header cannot be read")
    name, prefix = _until_zero(block[:100]), _until_zero(block[345:500])
    if prefix and block[262:263] == b"\0":  # GNU's own format has other things there
        name = prefix + b"/" + name
    return _Header(
        name=name,
        kind=block[156:157],
        target=_until_zero(block[157:257]),
        mode=_octal(block[100:108]),
        mtime=_octal(block[136:148]),
        size=_octal(block[124:136]),
    )


def _read_records(body: bytes) -> dict[bytes, bytes]:
    """The records of an extended header: length, key, value."""
    found, at = {}, 0
    while at < len(body):
        blank = body.find(b" ", at, at + _DIGITS_OF_LENGTH + 1)
        end = at + (_number(body[at:blank]) if blank > at else 0)
        key, equals, value = body[blank + 1 : end - 1].partition(b"=")
        # Each record ends behind its own blank: else reading would not go on.
        if not at < blank < end <= len(body) or body[end - 1 : end] != b"\n" or not equals:
            raise TarFormatError("an extended header cannot be read")
        found[key] = value
        at = end
    return found


def _number(text: bytes) -> int:
    if not _NUMBER.fullmatch(text):
        raise TarFormatError("%r is no size" % text[:40])
    return int(text)


def _octal(field: bytes) -> int:
    """A number of a header: octal digits, or binary where they do not suffice."""
    digits = field.strip(b" \0") or b"0"
    if field[0] == _BINARY and not any(field[1:-7]):
        return int.from_bytes(field[-7:], "big")
    if not _OCTAL.fullmatch(digits):
        raise TarFormatError("%r is no number of a header" % field)
    return int(digits, 8)


def _until_zero(field: bytes) -> bytes:
    return field.split(b"\0", 1)[0]


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")
