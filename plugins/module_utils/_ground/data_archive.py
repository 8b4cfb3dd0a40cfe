# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the archive of an app's data folder is.

It is written and read with the app's rights, so an archive says what the app says: neither its names nor its links are
believed, and what it holds can become nothing but the app's own data again.
"""

from __future__ import annotations

import gzip
import io
import json
import typing as t
import zlib

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.tar_reader import FILE, TarFormatError, TarReader

MANIFEST = "pyapps-backup.json"
FORMAT = 1
ROOT = "data"
"""The folder in the archive that everything but the manifest is below."""

LONGEST_PATH = 4000
"""Bytes of a path below the data folder: the kernel takes 4095."""

LONGEST_TARGET = 4095
"""Bytes of a link's text: as many as the kernel takes."""

MOST_FOLDERS = 1_000_000
"""Folders that are remembered at once."""

RESERVE = 64 * 1024 * 1024
"""Bytes that stay free on a file system."""

_LARGEST_MANIFEST = 64 * 1024

DAMAGED = (TarFormatError, EOFError, zlib.error, gzip.BadGzipFile)
"""What reading a damaged archive raises."""


class ArchiveError(ValueError):
    """Data that cannot be saved, or an archive that cannot be restored; the text says what and what to do."""


class Saved(t.NamedTuple):
    """What an archive holds.

    :param size: bytes of the files' content, without holes
    :param skipped: sockets and pipes, in which nothing can be saved; not all of very many
    """

    files: int
    size: int
    skipped: list[str]


def read_manifest(source: t.BinaryIO) -> dict[str, t.Any]:
    """What an archive says about itself.

    :raises ArchiveError: it is not one of ours
    """
    try:
        # No more than this is unpacked: whoever asks has more rights than who wrote the archive.
        head = gzip.GzipFile(fileobj=source).read(2 * _LARGEST_MANIFEST)
        return take_manifest(TarReader(io.BytesIO(head)))
    except (*DAMAGED, OSError) as error:
        raise ArchiveError("this is not a backup made by this collection (%s)" % error) from None


def take_manifest(reader: TarReader) -> dict[str, t.Any]:
    """Read the manifest, which is the first member.

    :raises ArchiveError: it is not one of ours
    :raises TarFormatError: it is no archive
    """
    member = reader.next()
    if member is None or member.name != MANIFEST or member.kind != FILE or member.size > _LARGEST_MANIFEST:
        raise ArchiveError("this is not a backup made by this collection (it does not begin with %s)" % MANIFEST)
    try:
        manifest = json.loads(b"".join(chunk for _offset, chunk in reader.content()))
    except TarFormatError:
        raise
    except (ValueError, RecursionError):
        manifest = None
    app = manifest.get("app") if isinstance(manifest, dict) else None
    if not isinstance(manifest, dict) or not isinstance(app, str) or not app or app != app.strip():
        raise ArchiveError("this is not a backup made by this collection (%s cannot be read)" % MANIFEST)
    if manifest.get("format") != FORMAT:
        raise ArchiveError(
            "the archive has format %r, and this collection knows %d: use the collection that has made it"
            % (manifest.get("format"), FORMAT)
        )
    return manifest
