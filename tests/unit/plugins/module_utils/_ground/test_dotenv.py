# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""S0-15, S0-96: what a .env file says."""

from __future__ import annotations

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.dotenv import (
    DotenvError,
    dotenv_text,
    parse_dotenv,
)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", {}),
        ("# nothing\n\n   # here\n", {}),
        ("A=1", {"A": "1"}),
        ("A=1\r\nB=2\r\n", {"A": "1", "B": "2"}),
        ("  export A = x y \n", {"A": "x y"}),
        ("A=", {"A": ""}),
        ("A=x # said\nB=x#y\nC=#z\n", {"A": "x", "B": "x#y", "C": "#z"}),
        ('HELLO="WORLD"\n', {"HELLO": "WORLD"}),
        ("A='$x \\n # \"'  # said\n", {"A": '$x \\n # "'}),
        ('A="a\\nb\\t\\"\\\\ \\d $x # c"\n', {"A": 'a\nb\t"\\ \\d $x # c'}),
        (
            'KEY="-----BEGIN-----\nMII+/=\n-----END-----"\nB=1',
            {"KEY": "-----BEGIN-----\nMII+/=\n-----END-----", "B": "1"},
        ),
        ("A=postgres://me:p=w@db/x?y=z", {"A": "postgres://me:p=w@db/x?y=z"}),
        ("A=ümläut", {"A": "ümläut"}),
    ],
)
def test_what_is_read(text: str, values: dict[str, str]) -> None:
    assert parse_dotenv(text) == values


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("geheim", 1),
        ("A=1\n\nKEY=-----BEGIN-----\nMII+geheim/=\n", 4),
        ('A="geheim', 1),
        ("A='geheim' geheim", 1),
        ("1A=geheim", 1),
        ("A-B=geheim", 1),
        ("=geheim", 1),
        ("A=1\ngeheim=2\ngeheim=3", 3),
    ],
)
def test_a_faulty_line_is_named_and_nothing_of_it_shown(text: str, line: int) -> None:
    """A line that was broken by mistake may be a secret, its name included."""
    with pytest.raises(DotenvError, match="^line %d " % line) as error:
        parse_dotenv(text)
    assert "geheim" not in str(error.value)


def test_long_lines_take_no_time() -> None:
    assert parse_dotenv("A=" + " " * 60000 + "x")["A"] == "x"
    with pytest.raises(DotenvError):
        parse_dotenv('A="' + "\\x" * 30000)


def test_what_is_written_is_read_again() -> None:
    """S0-15: by our reader here, and by python-dotenv in an app."""
    values = {"A": "", "B": 'two\nlines "and" \\ more', "C": " # no comment ", "D": "it's", "E": "\r\t\u00fc"}
    assert parse_dotenv(dotenv_text(values)) == values
