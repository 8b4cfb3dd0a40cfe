# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what the published repository's servers were told: supervisord.conf and nginx.conf.

Only what ``build.py`` writes, or a person adds to it, has to be understood; nothing is changed.
"""

from __future__ import annotations

import configparser
import os
import re
import shlex
import typing as t

_OWN_OPTIONS = ("--server.port", "--server.baseUrlPath")


class Program(t.NamedTuple):
    """One program of supervisord.conf.

    :param folder: name of the app's folder that it runs in, or "" when it is no app's
    :param base_path: what ``--server.baseUrlPath`` says, or None
    :param options: names of further options of its command, such as ``--server.maxUploadSize``
    :param variables: whether it has variables of its own (``environment=``)
    :param command: the words of its command, which may hold a secret
    """

    name: str
    folder: str
    base_path: str | None
    options: list[str]
    variables: bool
    command: list[str]


class Site(t.NamedTuple):
    """What nginx.conf says beside the apps' locations."""

    port: int | None
    names: list[str]
    locations: list[str]
    tls: bool


def programs(text: str) -> dict[str, Program]:
    """The programs by name. Of one that is there twice (each run of ``build.py`` appends) the last counts, as for
    supervisord itself.

    :raises ValueError: the text is none of supervisor's; the error says where
    """
    parser = configparser.RawConfigParser(strict=False, inline_comment_prefixes=(";", "#"), delimiters=("=", ":"))
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise ValueError(" ".join(str(error).split())) from None
    found = {}
    for section in parser.sections():
        kind, _colon, name = section.partition(":")
        if kind == "program":
            found[name] = _program(name, parser[section])
    return found


def _program(name: str, section: t.Mapping[str, str]) -> Program:
    folder = ""
    parent, last = os.path.split(section.get("directory", "").rstrip("/"))
    words = shlex.split(section.get("command", ""))
    if os.path.basename(parent) == "apps" and "streamlit" in words:
        folder = last
    options = dict(word.partition("=")[::2] for word in words if word.startswith("--"))
    return Program(
        name,
        folder,
        options.get("--server.baseUrlPath"),
        sorted(set(options) - set(_OWN_OPTIONS)),
        "environment" in section,
        words,
    )


def site(text: str) -> Site:
    """What the text of nginx.conf says; as far as ``build.py`` writes it, line by line."""
    text = re.sub(r"#[^\n]*", "", text)
    ports = re.findall(r"^\s*listen\s+(?:[\w.\[\]:*]*:)?(\d+)\b([^;]*);", text, re.MULTILINE)
    names = [name for line in re.findall(r"^\s*server_name\s+([^;]+);", text, re.MULTILINE) for name in line.split()]
    plain = [int(port) for port, rest in ports if "ssl" not in rest.split()]
    return Site(
        plain[0] if plain else None,
        sorted({name for name in names if name not in ("localhost", "_")}),
        [path for path in re.findall(r"^\s*location\s+(?:=\s*|\^~\s*)?(/\S*)\s*\{", text, re.MULTILINE) if path != "/"],
        len(plain) < len(ports),
    )
