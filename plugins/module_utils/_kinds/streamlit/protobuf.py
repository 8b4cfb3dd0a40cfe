# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Protocol Buffers, as far as a visitor of Streamlit needs them.

The wire format has numbers and no names (https://protobuf.dev/programming-guides/encoding/); who asks knows whose
numbers they are.
"""

from __future__ import annotations

import typing as t

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


class ProtobufError(ValueError):
    """These bytes are no message."""


def fields(message: bytes) -> t.Iterator[tuple[int, int | bytes]]:
    """The fields of a message in their order: the number, and a whole number or what a text or a message has in it.

    :raises ProtobufError: the bytes are no message
    """
    place = 0
    while place < len(message):
        tag, place = _varint(message, place)
        number, form = tag >> 3, tag & 7
        if form == _VARINT:
            value, place = _varint(message, place)
            yield number, value
            continue
        if form == _BYTES:
            size, place = _varint(message, place)
        elif form in (_FIXED64, _FIXED32):
            size = 8 if form == _FIXED64 else 4
        else:
            raise ProtobufError("field %d has the form %d" % (number, form))
        if place + size > len(message):
            raise ProtobufError("field %d ends after the message" % number)
        yield number, message[place : place + size]
        place += size


def inner(message: bytes, *path: int) -> bytes | None:
    """What a message has at the end of a path of field numbers; None when one is not there."""
    found: bytes | None = message
    for number in path:
        found = next((value for key, value in fields(found or b"") if key == number and isinstance(value, bytes)), None)
        if found is None:
            return None
    return found


def message_of(*values: tuple[int, str | bytes]) -> bytes:
    """A message with these texts and messages in it, each behind its number."""
    built = b""
    for number, value in values:
        content = value.encode() if isinstance(value, str) else value
        built += _encoded(number << 3 | _BYTES) + _encoded(len(content)) + content
    return built


def _varint(message: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while place < len(message) and shift < 70:
        byte = message[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if not byte & 0x80:
            return value, place
    raise ProtobufError("a number does not end")


def _encoded(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*encoded, number])
