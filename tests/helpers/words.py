# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads configuration as servers do: as words, whatever they mean."""

from __future__ import annotations

import re
import typing as t

_QUOTED = r'"(?:[^"\\]|\\.)*"'
_NGINX = {
    "nothing": r"\s+|#[^\n]*",
    "quoted": _QUOTED + r"|'(?:[^'\\]|\\.)*'",
    "sign": r"[;{}]",
    "bare": r"(?:[^\s;{\\$]|\\.|\$\{|\$)+",
}
_CADDY = {
    "nothing": r"[ \t\r]+|#[^\n]*",
    "sign": r"\n",
    "quoted": _QUOTED + r"|`[^`]*`",
    "bare": r"[^\s]+",
}


class Word(t.NamedTuple):
    """One word; in quotes it never is a sign such as ``{``."""

    kind: str
    text: str


def nginx_words(text: str) -> list[Word]:
    """The words of nginx's configuration (its ``ngx_conf_read_token``)."""
    return _words(_NGINX, text)


def caddy_words(text: str) -> list[Word]:
    """The words of a Caddyfile (its lexer)."""
    return _words(_CADDY, text)


def _words(forms: t.Mapping[str, str], text: str) -> list[Word]:
    pattern = re.compile("|".join("(?P<%s>%s)" % form for form in forms.items()), re.DOTALL)
    found, at = [], 0
    while at < len(text):
        match = pattern.match(text, at)
        assert match, "no word begins here: %r" % text[at : at + 60]
        at = match.end()
        if match.lastgroup != "nothing":
            found.append(Word(str(match.lastgroup), match.group()))
    return found
