# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes an app's secrets out of what is told about it.

An app that cannot start may say why with a secret in it: a database's URL, a rejected key. Its log stays as it is, but
the lines of it that a run shows leave the host.
"""

from __future__ import annotations

import os
import re
import typing as t
from urllib.parse import quote

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import files as _files
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.toml import (
    TomlError,
    TomlMissingError,
    parse_toml,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import release_secrets as _release_secrets

HIDDEN = "********"

_SHORTEST = 6  # characters; hiding every `1` or `info` would hide the cause, too
_QUOTED = re.compile(r'"((?:\\.|[^"\\])*)"|\'([^\']*)\'')


class SecretMask:
    """Knows values that must not be shown.

    :param values: secrets; of one with several lines each line is one
    """

    def __init__(self, values: t.Iterable[str] = ()) -> None:
        lines = {line for value in values for line in value.split("\n") if len(line.strip()) >= _SHORTEST}
        forms = {form for line in lines for form in (line, repr(line)[1:-1], quote(line, safe=""))}
        self._forms = sorted(forms, key=len, reverse=True)

    def hide(self, text: str) -> str:
        """The text without secrets, a last one that was cut off included."""
        for form in self._forms:
            text = text.replace(form, HIDDEN)
        return self._hide_cut(text)

    def _hide_cut(self, text: str) -> str:
        for form in self._forms:
            for length in range(min(len(form), len(text)), _SHORTEST - 1, -1):
                if text.endswith(form[:length]):
                    return text[:-length] + HIDDEN
        return text


def mask_of(release: str) -> SecretMask:
    """The mask for the secrets of a release.

    :param release: its folder
    :raises OSError: they cannot be read
    :raises ValueError: they are damaged
    """
    toml = _files.read_text(os.path.join(release, _release_secrets.TOML)) or ""
    return SecretMask([*_release_secrets.read_env(release).values(), *_texts_of(toml)])


def _texts_of(toml: str) -> list[str]:
    try:
        return list(_texts_in(parse_toml(toml)))
    except (TomlError, TomlMissingError):  # the target's Python may be older than its parser
        return [double or single for double, single in _QUOTED.findall(toml)]


def _texts_in(value: t.Any) -> t.Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts_in(item)
