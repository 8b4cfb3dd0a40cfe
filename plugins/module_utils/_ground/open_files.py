# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hashes and copies of open files: whoever has opened them has seen that they are no links."""

from __future__ import annotations

import hashlib
import os
import typing as t

NOT_PLAIN = "%s is not a plain file of the user that built it: it is not installed"
"""What is said of a file that is something else."""

_CHUNK = 1 << 20


def _chunks(file: t.BinaryIO) -> t.Iterator[memoryview]:
    """An open file from its beginning; each piece is valid until the next one is asked for."""
    # A new buffer of full size for each of thousands of small files would cost more than reading them.
    buffer = memoryview(bytearray(min(os.fstat(file.fileno()).st_size + 1, _CHUNK)))
    file.seek(0)
    while True:
        count = file.readinto(buffer)  # type: ignore[attr-defined]
        if not count:
            return
        yield buffer[:count]


def hash_file(file: t.BinaryIO) -> str:
    digest = hashlib.sha256()
    for chunk in _chunks(file):
        digest.update(chunk)
    return digest.hexdigest()


def hash_of(path: str) -> str:
    with open(path, "rb", buffering=0) as file:
        return hash_file(file)


def copy_file(file: t.BinaryIO, path: str, mode: int) -> str:
    """Copy an open file to a new one.

    :returns: the hash of what was written
    """
    digest = hashlib.sha256()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb", buffering=0) as copy:
        for chunk in _chunks(file):
            digest.update(chunk)
            while chunk:
                chunk = chunk[copy.write(chunk) :]
    return digest.hexdigest()
