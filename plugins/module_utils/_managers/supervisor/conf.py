# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The texts of supervisor's configuration.

Every value is written so that supervisor reads back what was given: ``%`` is doubled, arguments are quoted for its
shlex, and what its format cannot hold (control characters, a comment's beginning) is refused.
"""

from __future__ import annotations

import os
import re
import shlex
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout

MANAGED = "; Made by the Ansible collection selfhost.pyapps; a change here is overwritten by its next run.\n"
PRIVATE = 0o700
"""Mode of the folder of programs: they have the names of instances, by which a visitor would reach a preview."""

_PROGRAM_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_CONTROL = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
# supervisor's parser takes ";" and "#" after white space as the beginning of a comment, inside quotes too.
_COMMENT = re.compile(r"(\s)(?=[;#])")
# Replaced before supervisor expands anything, so that doubling its "%" does not help.
_HERE = "%(here)s"


class ConfError(ValueError):
    """A value that supervisor's configuration cannot hold; the text names it."""


def plain(key: str, value: str) -> str:
    """A value as it is, with ``%`` doubled against supervisor's expansion.

    :param key: how to call it in an error
    :raises ConfError: supervisor's configuration cannot hold it
    """
    if _CONTROL.search(value):
        raise ConfError(
            "%s: %r contains a control character, which supervisor's configuration cannot hold" % (key, value)
        )
    if _COMMENT.search(value) or _HERE in value or value != value.strip():
        raise ConfError(
            "%s: supervisor's configuration cannot hold %r: it has white space before ';' or '#' or at an end, or %s"
            % (key, value, _HERE)
        )
    return value.replace("%", "%%")


def command_text(command: t.Sequence[str]) -> str:
    """Arguments as supervisor's ``command=``: what its shlex splits into exactly these arguments.

    :raises ConfError: there is no argument, or one holds a control character
    """
    if not command:
        raise ConfError("command: it is empty")
    for argument in command:
        if _CONTROL.search(argument):
            raise ConfError("command: %r contains a control character" % argument)
    # Closing and opening the quotes keeps apart what the parser would see in them.
    quoted = (_COMMENT.sub(r"\1''", shlex.quote(argument)).replace(_HERE, "%(he''re)s") for argument in command)
    return " ".join(quoted).replace("%", "%%")


def log_path(layout: Layout, name: str, stream: str) -> str:
    """Where a program's output goes.

    :param stream: "out" or "err"
    """
    return os.path.join(layout.log, "%s.%s.log" % (name, stream))


def program_text(
    name: str,
    command: t.Sequence[str],
    *,
    layout: Layout,
    user: str | None = None,
    directory: str = "/",
    stop_signal: str = "TERM",
    stop_wait: int = 10,
    start_seconds: int = 10,
    start_retries: int = 10,
    autostart: bool = True,
    log_max_mb: int = 10,
    log_backups: int = 5,
    priority: int | None = None,
) -> str:
    """The file of one program.

    There is deliberately no ``environment=``: anybody may read it in the file, and secrets would land in it.

    :param name: the program's name; ``<app>.<instance>`` for an app's
    :param command: argv; the first one an absolute path
    :param user: who runs it; None for the daemon's own user (without root)
    :param stop_wait: seconds until SIGKILL follows the stop signal
    :param start_seconds: how long it must stay up to count as started (longer than a broken app lives)
    :param start_retries: how often a start that failed is tried again, 1, 2, 3, … seconds apart, until FATAL
    :param log_max_mb: when a log is rotated, in MB; ``log_backups`` old ones are kept
    :raises ConfError: a value that supervisor's configuration cannot hold
    """
    if not _PROGRAM_NAME.fullmatch(name):
        raise ConfError("program %r: only letters, digits, '.', '-' and '_' are allowed in a program's name" % name)
    options: list[tuple[str, str]] = [
        ("command", command_text(command)),
        ("directory", plain("directory", directory)),
        ("autostart", "true" if autostart else "false"),
        ("autorestart", "true"),
        ("startsecs", str(start_seconds)),
        ("startretries", str(start_retries)),
        ("stopsignal", stop_signal),
        ("stopwaitsecs", str(stop_wait)),
        ("stopasgroup", "true"),
        ("killasgroup", "true"),
    ]
    if user is not None:
        options.append(("user", plain("user", user)))
    if priority is not None:
        options.append(("priority", str(priority)))
    for option, stream in (("stdout", "out"), ("stderr", "err")):
        log = plain("log folder", log_path(layout, name, stream))
        options += [
            # supervisor expands this option twice (options.py, _processes_from_section).
            (option + "_logfile", log.replace("%", "%%")),
            (option + "_logfile_maxbytes", "%dMB" % log_max_mb),
            (option + "_logfile_backups", str(log_backups)),
        ]
    return MANAGED + "[program:%s]\n" % name + "".join("%s=%s\n" % option for option in options)
