# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Do something with only a user's rights, in a child process.

Everything below ``data/`` is the app's: it can have planted a link there. So root never works there itself; a child
with the app's rights does, and that can do no more than the app.
"""

from __future__ import annotations

import json
import os
import pwd
import signal
import threading
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import libc_call

_LONGEST_ANSWER = 1 << 20
_GRACE = 2  # seconds
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


class ChildError(Exception):
    """What went wrong in the child, in its words."""


def call_as(user: str | None, work: t.Callable[[], t.Any], seconds: int) -> t.Any:
    """Call a function with a user's rights; its answer, which JSON can hold.

    The answer comes from a process that the user could have tampered with: judge it as what the user says.

    :param user: None when the caller is that user already
    :param seconds: after which the child is ended; its file system may never answer
    :raises ChildError: it has failed, by an OSError or a ValueError, or in the child by whatever
    """
    if user is None:
        try:
            return work()
        except (OSError, ValueError) as error:
            raise ChildError(str(error)) from None
    entry = pwd.getpwnam(user)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _run_child(entry, work, writer, seconds)
    os.close(writer)
    # Its own alarm does not reach a child that its user has stopped (SIGSTOP).
    end = threading.Timer(seconds + _GRACE, os.kill, (child, signal.SIGKILL))
    end.start()
    try:
        with open(reader, "rb") as file:
            answer = file.read(_LONGEST_ANSWER).decode(errors="replace")
        # It may be stopped with its answer half written, so its end is awaited within its time, too.
        _pid, status = os.waitpid(child, 0)
    finally:
        end.cancel()
    if status != 0:
        raise ChildError(answer or "the child process ended with status %d" % status)
    try:
        return json.loads(answer)
    except (ValueError, RecursionError):
        raise ChildError("the child process gave no answer") from None


def _run_child(entry: pwd.struct_passwd, work: t.Callable[[], t.Any], writer: int, seconds: int) -> t.NoReturn:
    code = 1
    try:
        signal.alarm(seconds)
        os.initgroups(entry.pw_name, entry.pw_gid)
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
        # Who holds the host's lock gives it on to this child; a killed run must not stay locked by it.
        libc_call("prctl", _PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        os.chdir("/")
        os.umask(0o027)
        with open(writer, "wb", closefd=False) as file:
            file.write(json.dumps(work()).encode())
        code = 0
    except BaseException as error:  # whatever it is, this process must not go on as the module
        os.write(writer, str(error).encode(errors="replace")[:2000])
    finally:
        os._exit(code)
