# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put our zipapp and the short command on a host."""

from __future__ import annotations

import hashlib
import os
import shlex
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import (
    diff_entry,
    make_folder,
    read_text,
    write_file,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.system_python import system_python

_MARK = "# Made by the Ansible collection selfhost.pyapps."


class ForeignCommandError(Exception):
    """A program of somebody else has the short command's name; it is never replaced."""


class Differences(t.NamedTuple):
    """What has to be written, and how it looks in a module's ``diff``."""

    zipapp: bool
    command: bool
    diff: list[dict[str, t.Any]]


NOTHING = Differences(False, False, [])
"""Everything is as it should be."""


def checksum(content: bytes) -> str:
    """SHA-256 of a zipapp, as hex digits."""
    return hashlib.sha256(content).hexdigest()


def command_text(layout: Layout) -> str:
    """The short command: a script that runs our zipapp."""
    return '#!/bin/sh\n%s\nexec %s -I %s "$@"\n' % (_MARK, shlex.quote(system_python()), shlex.quote(layout.zipapp))


def differences(layout: Layout, wanted: str) -> Differences:
    """Compare a host with what it should have.

    :param wanted: :func:`checksum` of the zipapp
    :raises ForeignCommandError: the short command is somebody else's
    """
    command = read_text(layout.command)
    if command is not None and _MARK not in command:
        raise ForeignCommandError(
            "%s is a program of somebody else: move it away, because our own command has this name" % layout.command
        )
    found = _checksum_of(layout.zipapp)
    diff = []
    if found != wanted:
        diff.append(diff_entry(layout.zipapp, found and "sha256 %s\n" % found, "sha256 %s\n" % wanted))
    if command != command_text(layout):
        diff.append(diff_entry(layout.command, command, command_text(layout)))
    return Differences(found != wanted, command != command_text(layout), diff)


def install(layout: Layout, needed: Differences, source: str | None) -> None:
    """Write what differs.

    :param source: a file with the zipapp; only read when the zipapp differs
    :raises OSError: a file cannot be read or written
    """
    if needed.zipapp and source:
        with open(source, "rb") as file:
            content = file.read()
        os.makedirs(os.path.dirname(layout.zipapp), exist_ok=True)
        write_file(layout.zipapp, content)
    if needed.command:
        folder = os.path.dirname(layout.command)
        if not os.path.isdir(folder):
            make_folder(folder)
        write_file(layout.command, command_text(layout), 0o755)


def _checksum_of(path: str) -> str | None:
    try:
        with open(path, "rb") as file:
            return checksum(file.read())
    except FileNotFoundError:
        return None
