# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last lines of an instance's logs, made safe to show."""

from __future__ import annotations

import os
import re
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import printable
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.conf import log_path

LINES = 20
_LONGEST_LINE = 300
_READ = 32 * 1024
_TRACEBACK = "Traceback (most recent call last)"
_MOST_OF_TRACEBACK = 400  # lines; its first one says that it is one
_MOST_OF_LOG = 1 << 20  # bytes, and so lines: the words stand above a traceback of any length
_BORDER = re.compile("─+")
_EXCEPTION = re.compile(r"[A-Za-z_][\w.]*(?::|$)")
_COLOUR = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


def tail(path: str, lines: int = LINES, most: int = _READ) -> list[str]:
    """The last lines of a file as :func:`shown`, cut to 300 characters; a missing file has none.

    :param most: how many bytes of the file's end are looked at
    """
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - most))
            content = file.read(most)
    except OSError:
        return []
    return lines_of(content, lines)


def lines_of(content: bytes, lines: int = LINES) -> list[str]:
    """The last lines of some output, made safe in the same way."""
    clean = (shown(line)[:_LONGEST_LINE] for line in content.split(b"\n"))
    return [line for line in clean if line][-lines:]


def shown(line: bytes) -> str:
    """A line that a program has written, for a terminal: without colours, and with all that it would obey escaped."""
    text = _COLOUR.sub("", line.decode("utf-8", "replace"))
    return printable(text.rstrip().expandtabs())


def program_tail(layout: Layout, program: str) -> list[str]:
    """What a program said last: its errors; its output when it wrote no error, or when only that tells of an exception.

    Some print tracebacks to their output where Rich is installed and switched on.
    """
    errors, output = (tail(log_path(layout, program, stream), _MOST_OF_TRACEBACK) for stream in ("err", "out"))
    if not errors or (_tells_exception(output) and not _tells_exception(errors)):
        return output[-LINES:]
    return errors[-LINES:]


def _tells_exception(log: t.Iterable[str]) -> bool:
    return any(_TRACEBACK in line for line in log)


def tells_uncaught(layout: Layout, program: str, word: str) -> bool:
    """Whether a program says of an exception that no code of the app's has caught it.

    Rich prints only the traceback, in a frame.

    :param word: what it says before such an exception without Rich
    """
    for stream in ("err", "out"):
        for line in tail(log_path(layout, program, stream), _MOST_OF_LOG, _MOST_OF_LOG):
            if word in line or (_TRACEBACK in line and _BORDER.search(line)):
                return True
    return False


def cause(log: t.Sequence[str]) -> str:
    """The line of a log that says why a script ended: the last one. Rich breaks a long line, below a border."""
    lines = [line.strip() for line in log]
    borders = [number for number, line in enumerate(lines[:-1]) if _BORDER.fullmatch(line)]
    if borders and _EXCEPTION.match(lines[borders[-1] + 1]):
        return " ".join(lines[borders[-1] + 1 :])
    return lines[-1] if lines else "see its log"


def last_exit(layout: Layout, program: str) -> str | None:
    """How a program ended last, in supervisord's words: ``exit status 2``, ``terminated by SIGKILL``.

    From the daemon's log, since its API forgets the status of a start that failed; None when it says nothing, as a
    daemon that is not our own does.
    """
    pattern = re.compile(r"\bexited: %s \(([^;]+)" % re.escape(program))
    for line in reversed(tail(os.path.join(layout.log, "supervisord.log"), _READ)):
        match = pattern.search(line)
        if match:
            return match.group(1).strip()
    return None
