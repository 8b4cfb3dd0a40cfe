# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Archives as an app, or somebody who gives one away, could make them: byte by byte, and by the thousand at random."""

from __future__ import annotations

import gzip
import io
import json
import random
import typing as t

BLOCK = 512
END = bytes(2 * BLOCK)
FILE, HARD, LINK, CHARACTER, FOLDER, PIPE, SPARSE = b"0", b"1", b"2", b"3", b"5", b"6", b"S"


def header(name: bytes, kind: bytes = FILE, size: int = 0, target: bytes = b"", mode: int = 0o644) -> bytes:
    """One header; a size that octal digits cannot hold is written as GNU tar does."""
    length = b"%011o\0" % size if size < 8**11 else b"\x80" + size.to_bytes(11, "big")
    block = bytearray(BLOCK)
    for at, field in (
        (0, name[:100]),
        (100, b"%07o\0" % mode),
        (108, b"%07o\0" % 0),
        (116, b"%07o\0" % 0),
        (124, length),
        (136, b"%011o\0" % 1_700_000_000),
        (148, b" " * 8),
        (156, kind),
        (157, target[:100]),
        (257, b"ustar\x0000"),
    ):
        block[at : at + len(field)] = field
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % BLOCK)


def member(name: bytes, kind: bytes = FILE, content: bytes = b"", target: bytes = b"", mode: int = 0o644) -> bytes:
    """A member; what is too long for its header stands in front of it."""
    front = b""
    if len(name) > 100 or len(target) > 100:
        front = extended({b"path": name, b"linkpath": target} if target else {b"path": name})
    return front + header(name, kind, len(content), target, mode) + padded(content)


def record(key: bytes, value: bytes) -> bytes:
    """One record of an extended header; its length counts itself."""
    rest = b" %s=%s\n" % (key, value)
    length = len(rest) + len(str(len(rest)))
    while len(str(length)) + len(rest) != length:
        length = len(str(length)) + len(rest)
    return str(length).encode() + rest


def extended(records: t.Mapping[bytes, bytes]) -> bytes:
    body = b"".join(record(key, value) for key, value in records.items())
    return header(b"x", b"x", len(body)) + padded(body)


def manifest(app: str = "app_1") -> bytes:
    return member(b"pyapps-backup.json", content=json.dumps({"format": 1, "app": app}).encode())


def packed(*parts: bytes | t.Iterable[bytes], app: str = "app_1") -> io.BytesIO:
    """A backup of these parts, its manifest in front; the end is theirs to give."""
    found = io.BytesIO()
    with gzip.GzipFile(fileobj=found, mode="wb", compresslevel=1, mtime=0) as file:
        file.write(manifest(app))
        for part in parts:
            for piece in [part] if isinstance(part, bytes) else part:
                file.write(piece)
    found.seek(0)
    return found


_NAMES = (b"a", b"b", b"d", b"d/e", b"d/e/f", b"l", b"d/l", b"d/e/l", b"l/x", b"d/l/x", b"s", b"s/x")
_OUT = (
    *(b"../x", b"/etc/x", b"./x", b"d//x", b"d/../x", b"d/./x", b"", b"..", b"/", b"d/e/../../../x"),
    b"\xff\n\xe2\x80\xae",
)
_STEPS = (b"..", b".", b"a", b"b", b"d", b"e", b"f", b"l", b"s", b"", b"..", b"..")
_RECORDS = (
    b"path",
    b"linkpath",
    b"size",
    b"mtime",
    *(b"GNU.sparse." + key for key in (b"major", b"minor", b"realsize")),
)
_VALUES = (
    *(b"1", b"0", b"-1", b"99999999999999999999", b"4096", b"data/x", b"data/../../x", b"/etc/x", b"", b"\0"),
    b"x" * 5000,
)


def random_archive(chance: random.Random) -> io.BytesIO:
    """An archive of members of all kinds, some of which lead out; sometimes it is damaged, too."""
    parts = [member(b"data/d", FOLDER), member(b"data/d/e", FOLDER)] if chance.random() < 0.8 else []
    parts += [_random_member(chance) for _member in range(chance.randint(1, 8))]
    content = bytearray(packed(*parts, END if chance.random() < 0.9 else b"").getvalue())
    if chance.random() < 0.15:
        for _byte in range(chance.randint(1, 4)):
            content[chance.randrange(len(content))] = chance.randrange(256)
    if chance.random() < 0.05:
        del content[chance.randrange(len(content)) :]
    if chance.random() < 0.05:
        content += packed(*parts, END).getvalue()
    return io.BytesIO(bytes(content))


def _random_member(chance: random.Random) -> bytes:
    name = b"data/" + chance.choice(_NAMES) if chance.random() < 0.9 else chance.choice(_OUT)
    if chance.random() < 0.05:
        name = b"data/" + chance.choice(_OUT)
    kind = chance.choice((FILE, FILE, LINK, LINK, LINK, FOLDER, HARD, CHARACTER, PIPE, SPARSE, b"g", b"\0", b"7"))
    if chance.random() < 0.7:
        kind = chance.choice((FILE, LINK, LINK, LINK, FOLDER))
    target = b"/".join(chance.choices(_STEPS, k=chance.randint(1, 5)))
    if kind == LINK and chance.random() < 0.05:
        target = b"/etc"
    content = b"content" if kind in (FILE, b"\0", b"7") else b""
    front = b""
    if chance.random() < 0.1:
        front = extended({chance.choice(_RECORDS): chance.choice(_VALUES) for _record in range(chance.randint(1, 4))})
    return front + member(name, kind, content, target, chance.choice((0o644, 0o4755, 0o2777, 0o1777, 0)))
