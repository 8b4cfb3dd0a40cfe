# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads files of an app's folder: regular ones, inside it, of a sane size, in UTF-8 or UTF-16."""

from __future__ import annotations

import codecs
import os
import re
import stat
import unicodedata

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import is_unprintable
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.untrusted_files import folder_at, open_file

SETUP = "setup.toml"

KIB = 1024
MIB = 1024 * KIB

SAFE_SEGMENT = "[A-Za-z0-9_\u0080-\U0010ffff][A-Za-z0-9_.\u0080-\U0010ffff-]*"
SAFE_PATH = "(?:%s/)*%s" % (SAFE_SEGMENT, SAFE_SEGMENT)
SAFE_PATH_IN_WORDS = (
    "a relative path of letters (of any alphabet), digits, emoji and . _ -, where no part begins with . or -"
)
SCRIPT_SEGMENT = "[A-Za-z0-9_\u0080-\U0010ffff][A-Za-z0-9_. ()+,&\u0080-\U0010ffff-]*"
SCRIPT_PATH = "(?:%s/)*%s" % (SCRIPT_SEGMENT, SCRIPT_SEGMENT)
"""A script is only an argument of a process, in no configuration file, so its name may have blanks."""
_LONGEST_PATH = 200


class UnreadableError(Exception):
    """A file cannot be taken; the message says why and what to do."""


def is_safe_path(path: str) -> bool:
    """Whether a relative path can stand in any configuration file, page or command line without quotes."""
    return _fits(path, SAFE_PATH)


def is_script_path(path: str) -> bool:
    """Whether a relative path can be the name of a script; blanks and brackets may be in it."""
    return _fits(path, SCRIPT_PATH)


def _fits(path: str, pattern: str) -> bool:
    return (
        len(path.encode("utf-8", "replace")) <= _LONGEST_PATH
        and re.fullmatch(pattern, path) is not None
        and all(char.isascii() or _is_sign(char) for char in path)
    )


def _is_sign(character: str) -> bool:
    return not is_unprintable(character) and unicodedata.category(character)[0] in "LMNS"


def _real_path(root: str, path: str) -> str | None:
    """A path with all links followed, relative to a folder; None when it leads out of that."""
    found = os.path.relpath(os.path.realpath(path), os.path.realpath(root))
    return None if found.split("/", 1)[0] == ".." else found


def check_regular(root: str, path: str) -> str:
    """Accept only a regular file whose links, if any, stay inside ``root``.

    :returns: where it lies, relative to ``root``
    :raises FileNotFoundError: there is nothing under that name
    :raises UnreadableError: it is something else, or leads out of the folder
    """
    os.lstat(path)
    found = _real_path(root, path)
    if found is None:
        raise UnreadableError("is a link that leads out of the app's folder: copy the file into the folder")
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        raise UnreadableError("is a link that leads nowhere (%s)" % error.strerror) from None
    if not stat.S_ISREG(mode):
        raise UnreadableError("is %s, not a regular file" % _kind(mode))
    return found


def _kind(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a named pipe" if stat.S_ISFIFO(mode) else "a device or a socket"


def read_app_text(root: str, path: str, longest: int) -> str:
    """The text of a file of an app.

    :param root: the app's folder
    :param longest: refused above so many bytes
    :raises FileNotFoundError: there is nothing under that name
    :raises UnreadableError: anything else that makes it no text of ours
    """
    try:
        place = check_regular(root, path)
        # It may have become a pipe meanwhile, or a folder on the way a link.
        with folder_at(root) as top, open_file(top, place) as file:
            data = file.read(longest + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise UnreadableError("cannot be read (%s)" % error.strerror) from None
    if len(data) > longest:
        raise UnreadableError("is larger than %d KiB" % (longest // KIB))
    return _decode(data)


def _decode(data: bytes) -> str:
    """UTF-8, with or without a byte order mark, or UTF-16 with one, which PowerShell's ``>`` writes."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError:
            raise UnreadableError("begins as UTF-16 text and does not go on so: save it as UTF-8") from None
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UnreadableError("is not UTF-8 text (line %d): save it as UTF-8" % line) from None
