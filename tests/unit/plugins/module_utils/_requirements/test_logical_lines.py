# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logical lines, as uv reads them."""

from __future__ import annotations

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.logical_lines import logical_lines


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", []),
        ("\n \n\t\n", []),
        ("a\nb", [(1, "a"), (2, "b")]),
        ("a\r\nb\rc\n", [(1, "a"), (2, "b"), (3, "c")]),
        ("a \\\n  b\nc", [(1, "a    b"), (3, "c")]),
        ("a\\\r\n--hash=x\r\n", [(1, "a --hash=x")]),
        ("# a \\\n-e /dev/shm/x\n", [(2, "-e /dev/shm/x")]),
        ("a # b \\\n-e /dev/shm/x\n", [(1, "a"), (2, "-e /dev/shm/x")]),
        ("a \\\n# b \\\n-e x", [(1, "a"), (3, "-e x")]),
        ("a \\\n\nb", [(1, "a"), (3, "b")]),
        ("a#b\n", [(1, "a#b")]),
        ("a\\ \nb", [(1, "a\\"), (2, "b")]),
        ("a\\\\\nb", [(1, "a\\ b")]),
        ("a\\", [(1, "a\\")]),
        ("a\u2028b\x0cc\x85d", [(1, "a\u2028b\x0cc\x85d")]),
    ],
)
def test_lines(text: str, lines: list[tuple[int, str]]) -> None:
    assert list(logical_lines(text)) == lines
