# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What uv may get of an app's requirements: names, versions, conditions, hashes.

An own reading, which shares nothing with the checker.
"""

from __future__ import annotations

import re
import typing as t

import tomllib

NAME = r"[a-z0-9]+(?:-[a-z0-9]+)*"
VERSION = r"[A-Za-z0-9!+_.-]*[A-Za-z0-9](?:\.\*)?"
MARKER = r"(?:[a-z_.]+|'[A-Za-z0-9_.,+*! ~-]*'|===|==|!=|~=|<=|>=|<|>|[()]| )+"
HEAD = r"%s(?:\[%s(?:,%s)*\])?(?:(?:===|==|~=|!=|<=|>=|<|>)%s,?)*(?: ; %s)?" % (NAME, NAME, NAME, VERSION, MARKER)
LINES = re.compile(r"(?:%s(?: \\\n    --hash=(?:sha(?:256|384|512)|blake2b|md5):[0-9a-f]+)*\n)*" % HEAD)
SPECIFIERS = r"(?:(?:===|==|~=|!=|<=|>=|<|>)%s,?)+" % VERSION
ALLOWED: dict[tuple[str, ...], str] = {
    ("name",): NAME,
    ("version",): "1|" + VERSION,
    ("requires-python",): SPECIFIERS,
    ("project", "dependencies"): HEAD,
    ("resolution-markers",): MARKER,
    ("marker",): MARKER,
    ("source", "registry"): "https://index.invalid/simple",
    ("source", "virtual"): r"\.",
    ("extra",): NAME,
    ("sdist", "url"): r"https://index\.invalid/[a-z0-9_]+-[A-Za-z0-9._+!]+\.tar\.gz",
    ("wheels", "url"): r"https://index\.invalid/[a-z0-9_]+-[A-Za-z0-9._+!]+-[0-9]+-py3-none-any\.whl",
    ("sdist", "hash"): "sha256:[0-9a-f]{64}",
    ("wheels", "hash"): "sha256:[0-9a-f]{64}",
}


def strange(files: t.Mapping[str, str]) -> list[str]:
    """What uv would get although it is no package of an index."""
    found = []
    for name, text in files.items():
        if name in ("requirements.txt", "constraints.txt", "overrides.txt"):
            if not LINES.fullmatch(text):
                found.append("%s: %r" % (name, text))
        elif name in ("pyproject.toml", "uv.lock"):
            found += ["%s: %s" % (name, fault) for fault in _strange_values((), tomllib.loads(text))]
        else:
            found.append(name)
    return found


def _strange_values(path: tuple[str, ...], value: object) -> t.Iterator[str]:
    if isinstance(value, dict):
        for key, below in value.items():
            yield from _strange_values((*path, key), below)
    elif isinstance(value, list):
        for below in value:
            yield from _strange_values(path, below)
    elif not re.fullmatch(ALLOWED.get(path[-2:], ALLOWED.get(path[-1:], "nothing")), str(value)):
        yield "%s = %r" % (".".join(path), value)
