# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The health check's log in the published form.

Two checks may run at once (a timer's and a person's), and rotation is not made for two writers: each writes its lines
in one go, under a lock, when it knows them all.
"""

from __future__ import annotations

import fcntl
import logging
import logging.handlers
import os
import sys
import time
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import printable
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.report import Line

NAME = "healthcheck.py"
"""The published logger's name."""
MAX_BYTES = 10 * 1024 * 1024
BACKUPS = 5

_FORMAT = "%(asctime)s - %(name)s - %(levelname)s - %(message)s"
_LOCK_SECONDS = 2.0
_POLL = 0.02
_MASK = 0o027  # who may not ask supervisor shall not read its answers here


def records(lines: t.Iterable[Line]) -> list[logging.LogRecord]:
    """Lines as records of the time now."""
    return [
        # An app's answer can be quoted in a line, and never makes one of its own.
        logging.LogRecord(NAME, logging.getLevelName(level), "", 0, printable(text), None, None)
        for level, text in lines
    ]


def as_text(found: t.Iterable[logging.LogRecord]) -> str:
    """What people see."""
    formatter = logging.Formatter(_FORMAT)
    return "".join(formatter.format(record) + "\n" for record in found)


def lock_path(path: str) -> str:
    """The lock of a log: a file that apps cannot open, and so not keep locked; its name is none of a log."""
    return os.path.join(os.path.dirname(path), ".healthcheck.lock")


def write(path: str, found: t.Sequence[logging.LogRecord]) -> None:
    """Append to the log, 10 MiB a file and five old ones.

    A log that cannot be written is told on standard error; the health check goes on, because a full disk is one of the
    things that it is made to tell.
    """
    before = os.umask(_MASK)
    try:
        with open(lock_path(path), "a") as lock:
            _lock(lock.fileno())
            handler = _Handler(path, maxBytes=MAX_BYTES, backupCount=BACKUPS, encoding="utf-8")
            handler.setFormatter(logging.Formatter(_FORMAT))
            try:
                for record in found:
                    handler.emit(record)
            finally:
                handler.close()
    except OSError as error:
        sys.stderr.write("pyapps: the log %s cannot be written: %s\n" % (path, error.strerror or error))
    finally:
        os.umask(before)


class _Handler(logging.handlers.RotatingFileHandler):
    def shouldRollover(self, record: logging.LogRecord) -> int:  # noqa: N802 - the library's name
        """By bytes: the library counts characters, and a file with umlauts grows beyond its limit."""
        size = len((self.format(record) + "\n").encode("utf-8"))
        return int(os.path.getsize(self.baseFilename) + size > self.maxBytes)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
        error = sys.exc_info()[1]  # called while it is handled
        if error:
            raise error


def _lock(descriptor: int) -> None:
    """:raises OSError: somebody else writes for too long"""
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(_POLL)
