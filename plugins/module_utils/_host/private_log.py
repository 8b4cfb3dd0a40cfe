# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server's own log in a folder that everybody may enter: only root and the readers of logs may read it.

A server makes its log for everybody to read, unless it is there already. What visitors ask for stands in it, with the
secrets that some put into a URL.
"""

from __future__ import annotations

import contextlib
import glob
import os
import stat

from ansible_collections.selfhost.pyapps.plugins.module_utils._host.layout import readers_of_logs

_MODE = 0o640
_OTHERS = 0o007
_FLAGS = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def is_kept(path: str) -> bool:
    """Whether the log is a file that the server keeps; ``/dev/stdout`` is none."""
    return bool(path) and not path.startswith("/dev/")


def differences(path: str) -> list[str]:
    """Which of the log and its rotated files are missing or open to others."""
    found = [] if os.path.lexists(path) else [path]
    for name in [path, *sorted(glob.glob(glob.escape(path) + ".*"))]:
        with contextlib.suppress(FileNotFoundError):
            status = os.lstat(name)
            if stat.S_ISREG(status.st_mode) and status.st_mode & _OTHERS:
                found.append(name)
    return found


def correct(path: str) -> None:
    """Make one file of the log that is missing, or close one that is open to others.

    The folder can be the server's, who could put a link there: what was opened is changed, and nothing else.

    :raises OSError: it cannot be done, such as for a folder that is missing
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | _FLAGS, 0o600)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
            return
        group = readers_of_logs()
        if group is not None and status.st_gid == 0:
            os.fchown(descriptor, -1, group)
        os.fchmod(descriptor, _MODE)
    finally:
        os.close(descriptor)
