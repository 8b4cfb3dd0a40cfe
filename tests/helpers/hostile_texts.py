# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts with which somebody would break out of what is written from a setup.toml."""

from __future__ import annotations

import json
import typing as t

# One for each way out of nginx, Caddy, supervisor's ini, an env-file, HTML, a shell, a path, a URL, a terminal.
WORDS = r"""
a;b a{b} a"b a'b a`b` $(id) ${HOME} $uri {$HOME} {env.HOME} a\b a#b %(ENV_HOME)s %% a|b a&b a>b * ? [a] <script> &lt;
~root -rf -- .. . ../a a/../b / //a a//b /~ /_pyapps /_stcore /a/~/b /%2e%2e a%00b -m.py .py main.py;id é 日本 👋
https://a/b https://* https://a:99999 http://[::1] http://a;b null main.py pages/a.py app-1 /app-1 uploads 3.12
"""
HOSTILE = [
    *WORDS.split(),
    *("", "a b", "https://a b", "a\nb", "a.py\n", "a\r\nSet-Cookie: x", "a\tb", "\x00", "\x1b[2J", "\x7f", "x" * 300),
    *("\u2028", "\u202e", "\ufeff", "\u200b", "\u00a0", "\uff0e"),
]

OPTIONS = ["server.port", "server.maxUploadSize", "theme.base", "theme", "server", "port", "browser.serverAddress"]


def to_toml(value: t.Any) -> str:
    """A value as TOML has it; what TOML cannot hold is written all the same."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list):
        return "[%s]" % ", ".join(map(to_toml, value))
    if isinstance(value, dict):
        return "{%s}" % ", ".join("%s = %s" % (to_toml(name), to_toml(item)) for name, item in value.items())
    return repr(value)
