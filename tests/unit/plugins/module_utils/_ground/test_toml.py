# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.toml import TomlError, parse_toml


def test_plain_toml_is_read() -> None:
    assert parse_toml('a = 1 # "\n[b.c]\nd = ["[", \'{\', """{"""]\n') == {"a": 1, "b": {"c": {"d": ["[", "{", "{"]}}}


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 30_000,
        "a = " + "[" * 17 + "]" * 17,
        "a = " + "{a = " * 17 + "1" + "}" * 17,
        "a." * 30_000 + "a = 1",
        '"a" . ' * 10_000 + "a = 1",
        "[" + "a." * 16 + "a]",
        # The quote that ends a multi-line string may stand before its three closing ones; it opens no string.
        'a = ["""b"""", ' + "[" * 900 + "]" * 900 + ', "c"]',
    ],
    ids=["array", "array 17", "tables 17", "dotted", "quoted", "header", "after quotes"],
)
def test_what_is_nested_too_deep_is_refused_before_it_is_parsed(text: str) -> None:
    begin = time.monotonic()
    with pytest.raises(TomlError, match="deeper than 16 levels"):
        parse_toml(text)
    assert time.monotonic() - begin < 2


@pytest.mark.parametrize("text", ["[a]\n%s" % ("[[b]]\n" * 100_000), "".join("[a.b%d]\n" % n for n in range(60_000))])
def test_more_tables_than_anybody_needs_are_refused_before_they_are_parsed(text: str) -> None:
    """The parser would take a kilobyte of memory for five bytes of text."""
    with pytest.raises(TomlError, match="more than 100000 tables"):
        parse_toml(text)


def test_what_looks_like_tables_in_a_text_is_none() -> None:
    text = "a = '''\n%s'''\n" % ("[b.c]\n" * 100_000)
    assert len(parse_toml(text)["a"]) == 600_000


@pytest.mark.parametrize(
    "text",
    ["a", "a = ", "a = 1\na = 2", "[a", "a = '", 'a = """b', "a = \x00", "a = " + "9" * 60_000, "'''" * 10_001],
    ids=lambda text: text[:10],
)
def test_broken_toml_is_told_in_words(text: str) -> None:
    with pytest.raises(TomlError, match="is not valid TOML: "):
        parse_toml(text)


def test_without_a_parser_the_message_says_what_to_install(checkout) -> None:
    """S0-01: Python older than 3.11 has no tomllib; then tomli, or a clear message."""
    script = (
        "import sys; sys.modules['tomllib'] = sys.modules['tomli'] = None\n"
        "from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog import reader\n"
        "from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import toml as _toml\n"
        "try: reader.read_catalog('/')\n"
        "except _toml.TomlMissingError as error: print(error)\n"
    )
    environment = {"PYTHONPATH": str(checkout / "collections")}
    run = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert "Python 3.11" in run.stdout
    assert "tomli" in run.stdout
