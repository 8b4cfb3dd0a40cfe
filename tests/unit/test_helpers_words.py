# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests themselves read configuration with."""

from __future__ import annotations

from helpers.words import caddy_words, nginx_words


def test_nginx_words_keep_signs_apart_from_texts() -> None:
    text = 'a "b;{ \\" c" { # d;\n e $f${g}; }'
    assert [word.text for word in nginx_words(text)] == ["a", '"b;{ \\" c"', "{", "e", "$f${g}", ";", "}"]
    assert [word.kind for word in nginx_words("a { '{' ;")] == ["bare", "sign", "quoted", "sign"]


def test_caddy_words_keep_lines_and_raw_texts() -> None:
    text = 'a {b} `c " d` {\n# e\nf "g\nh"'
    assert [word.text for word in caddy_words(text)] == ["a", "{b}", '`c " d`', "{", "\n", "\n", "f", '"g\nh"']
