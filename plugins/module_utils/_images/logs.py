# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show what the programs of a container say in the container's own log: ``pyapps container-logs``.

Their logs are files, which supervisord rotates. This follows all of them and writes each line to the standard output of
the first process, where Docker reads, with the app's name before it. It writes there itself: when Docker is slow, this
waits and supervisord does not.
"""

from __future__ import annotations

import glob
import os
import re
import time
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import INSTANCE, Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.log_tail import shown

PROGRAM = "pyapps-logs"
"""The name of the program that runs this."""
VARIABLE = "PYAPPS_LOG_STDOUT"
"""Set to ``true`` in the environment of a container, it asks for this."""

_STDOUT = "/proc/1/fd/1"
_PAUSE = 0.3  # seconds between two looks
_READ = 64 * 1024
_LOG = re.compile(r"(?P<program>.+)\.(out|err)\.log")


def is_wanted(environment: t.Mapping[str, str]) -> bool:
    """Whether a container's log shall have what its programs say."""
    return environment.get(VARIABLE, "").lower() == "true"


def name_of(path: str) -> str | None:
    """Whose log a file is: the app's name, or that of a program of ours; None for other files."""
    found = _LOG.fullmatch(os.path.basename(path))
    if found is None or found["program"] == PROGRAM:
        return None
    app, _dot, instance = found["program"].rpartition(".")
    return app if app and INSTANCE.fullmatch(instance) else found["program"]


class Log:
    """One file that is followed, also when another one takes its place.

    :param path: of the file
    :param from_end: whether what is in it already is left out
    """

    def __init__(self, path: str, from_end: bool) -> None:
        self.path, self._rest = path, b""
        self._file = open(path, "rb")  # noqa: SIM115 - it stays open between two looks
        if from_end:
            self._file.seek(0, os.SEEK_END)

    def lines(self) -> list[bytes]:
        """The whole lines that have come since the last look; an overlong one comes in parts."""
        found = self._read()
        if self._is_replaced():
            found += self._read()
            self._file.close()
            self._file = open(self.path, "rb")  # noqa: SIM115
            found += self._read()
        return found

    def close(self) -> None:
        self._file.close()

    def _is_replaced(self) -> bool:
        try:
            now = os.stat(self.path)
        except FileNotFoundError:
            return False  # between the rotation and the first line after it
        here = os.fstat(self._file.fileno())
        return (now.st_dev, now.st_ino) != (here.st_dev, here.st_ino) or now.st_size < self._file.tell()

    def _read(self) -> list[bytes]:
        found: list[bytes] = []
        while chunk := self._file.read(_READ):
            *lines, self._rest = (self._rest + chunk).split(b"\n")
            found += lines
            if len(self._rest) >= _READ:
                found.append(self._rest)
                self._rest = b""
        return found


class Follower:
    """All logs of a host.

    :param write: gets whole lines, with their ends
    """

    def __init__(self, layout: Layout, write: t.Callable[[bytes], object]) -> None:
        self._pattern, self._write = os.path.join(glob.escape(layout.log), "*.log"), write
        self._logs: dict[str, Log] = {}
        self._is_first = True

    def look(self) -> None:
        """Write what has come since the last look. What is there at the first look has been said before."""
        for path in sorted(glob.glob(self._pattern)):
            if path not in self._logs and name_of(path) is not None:
                self._logs[path] = Log(path, self._is_first)
        self._is_first = False
        for path, log in list(self._logs.items()):
            prefix = "%s | " % name_of(path)
            text = "".join(prefix + shown(line) + "\n" for line in log.lines())
            if text:
                self._write(text.encode())
            if not os.path.lexists(path):
                self._logs.pop(path).close()


def main(layout: Layout) -> t.NoReturn:
    """Follow the logs for ever.

    :raises OSError: the container's standard output cannot be written to
    """
    with open(_STDOUT, "ab", buffering=0) as out:
        follower = Follower(layout, out.write)
        while True:
            follower.look()
            time.sleep(_PAUSE)
