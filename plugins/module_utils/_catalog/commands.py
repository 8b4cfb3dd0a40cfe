# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that ``setup.toml`` names, as people write them.

They are split as a shell splits them, but no shell reads them: what only a shell can do is refused, and not run as
something else.
"""

from __future__ import annotations

import shlex

_OF_A_SHELL = frozenset("();<>|&")


def split_command(text: str) -> list[str]:
    """The arguments of a command.

    :raises ValueError: it cannot be split, is empty, or needs a shell; the text says what to do
    """
    lexer = shlex.shlex(text, posix=True, punctuation_chars=True)
    lexer.whitespace_split, lexer.commenters = True, ""
    try:
        parts, words = list(lexer), shlex.split(text)
    except ValueError as error:
        raise ValueError("cannot be split into arguments (%s)" % str(error).lower()) from None
    if not words or not words[0]:
        raise ValueError("names no program")
    for part in parts:
        if part and _OF_A_SHELL.issuperset(part):
            raise ValueError("needs a shell for %s, and none reads it: write a script into the app's folder" % part)
    return words
