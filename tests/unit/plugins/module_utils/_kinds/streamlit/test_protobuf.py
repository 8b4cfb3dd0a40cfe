# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit.protobuf import (
    ProtobufError,
    fields,
    inner,
    message_of,
)
from hypothesis import given, strategies as some


@given(some.lists(some.tuples(some.integers(1, 2**29 - 1), some.binary(max_size=300))))
def test_what_is_written_is_read(values: list[tuple[int, bytes]]) -> None:
    assert list(fields(message_of(*values))) == values


def test_the_example_of_the_specification_is_read() -> None:
    """https://protobuf.dev/programming-guides/encoding/: field 1 is 150, and field 2 is a text."""
    assert list(fields(b"\x08\x96\x01" + b"\x12\x07testing")) == [(1, 150), (2, b"testing")]


def test_fields_of_a_fixed_size_are_read_over() -> None:
    assert list(fields(b"\x0d" + bytes(4) + b"\x11" + bytes(8) + b"\x18\x01"))[-1] == (3, 1)


def test_a_path_leads_into_messages() -> None:
    message = message_of((5, message_of((3, message_of((8, "here"))))))
    assert inner(message, 5, 3, 8) == b"here"
    assert inner(message, 5, 4, 8) is None


@given(some.binary(max_size=200))
def test_anything_else_is_an_error_of_its_own(message: bytes) -> None:
    with contextlib.suppress(ProtobufError):
        list(fields(message))


@pytest.mark.parametrize("message", [b"\x0a\x05abc", b"\x0b", b"\x80" * 20, b"\x08"])
def test_what_does_not_end_is_refused(message: bytes) -> None:
    with pytest.raises(ProtobufError):
        list(fields(message))
