# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a tar archive of files, folders and links, in bounded memory; sparse files as GNU tar 1.0 does.

tarfile keeps every member that it has written, and writes the holes of a file as zeros.
"""

from __future__ import annotations

import tarfile
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.tar_reader import BLOCK, Piece

_RECORD = 20 * BLOCK

Read = t.Callable[[int, int], bytes]
"""Offset and length in; as many bytes out, or fewer, but one at least."""

_CHUNK = 1 << 20


class TarWriter:
    """An archive that is being written.

    :param stream: where to; it stays open
    """

    def __init__(self, stream: t.BinaryIO) -> None:
        self._stream = stream
        self._written = 0

    def add(self, info: tarfile.TarInfo) -> None:
        """Add what has no content."""
        self._write(info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape"))

    def add_file(self, info: tarfile.TarInfo, pieces: t.Sequence[Piece], read: Read) -> None:
        """Add a file.

        :param info: its size is that of the file, holes included
        :param pieces: offset and length of what is between its holes, ascending; whole blocks, but for the last
        :param read: gives its content
        """
        stored, listing = sum(length for _offset, length in pieces), b""
        if stored != info.size:
            listed = [*pieces, (info.size, 0)]  # so that GNU tar sees a hole at the end
            numbers = [len(listed), *(number for piece in listed for number in piece)]
            listing = "".join("%d\n" % number for number in numbers).encode()
            listing += bytes(-len(listing) % BLOCK)
            info.pax_headers = {
                "GNU.sparse.major": "1",
                "GNU.sparse.minor": "0",
                "GNU.sparse.name": info.name,
                "GNU.sparse.realsize": str(info.size),
            }
            info.size = len(listing) + stored
        self.add(info)
        self._write(listing)
        for offset, length in pieces:
            at = 0
            while at < length:
                data = read(offset + at, min(length - at, _CHUNK))
                self._write(data)
                at += len(data)
        self._write(bytes(-stored % BLOCK))

    def end(self) -> None:
        """Write the end of the archive."""
        self._write(bytes(2 * BLOCK))
        self._write(bytes(-self._written % _RECORD))

    def _write(self, data: bytes) -> None:
        self._stream.write(data)
        self._written += len(data)
