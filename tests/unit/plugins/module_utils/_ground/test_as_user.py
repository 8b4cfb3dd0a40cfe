# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import signal
import stat
import time

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.as_user import (
    _LONGEST_ANSWER,
    ChildError,
    call_as,
)

# Whoever runs these tests: the child becomes the same user, or as root another.
USER = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name


def test_the_child_has_the_users_rights_and_answers() -> None:
    entry = pwd.getpwnam(USER)
    assert call_as(USER, lambda: [os.getuid(), os.geteuid(), os.getgid(), os.getcwd()], 10) == [
        entry.pw_uid,
        entry.pw_uid,
        entry.pw_gid,
        "/",
    ]


def test_without_a_user_nothing_is_started() -> None:
    assert call_as(None, os.getpid, 10) == os.getpid()


@pytest.mark.parametrize("user", [USER, None])
def test_a_failure_is_told(user: str | None) -> None:
    with pytest.raises(ChildError, match="/proc/nowhere"):
        call_as(user, lambda: os.mkdir("/proc/nowhere/x"), 10)


def test_a_child_that_hangs_is_ended() -> None:
    with pytest.raises(ChildError, match="status"):
        call_as(USER, lambda: time.sleep(60), 1)


def test_a_child_that_its_user_has_stopped_is_ended() -> None:
    with pytest.raises(ChildError, match="status 9"):
        call_as(USER, lambda: os.kill(os.getpid(), signal.SIGSTOP), 1)


def writable_pipes() -> set[int]:
    found = set()
    for descriptor in range(3, 1000):
        with contextlib.suppress(OSError):
            if stat.S_ISFIFO(os.fstat(descriptor).st_mode) and fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_WRONLY:
                found.add(descriptor)
    return found


def test_a_child_that_stops_behind_a_long_answer_is_ended() -> None:
    """Nobody reads on then; its end must come all the same."""
    before = writable_pipes()

    def answers_and_stops() -> None:
        for answer in writable_pipes() - before:
            os.write(answer, b"x" * _LONGEST_ANSWER)
        os.kill(os.getpid(), signal.SIGSTOP)

    with pytest.raises(ChildError, match="xxx"):
        call_as(USER, answers_and_stops, 2)


def test_a_child_ends_with_who_called_it() -> None:
    """It has inherited the host's lock."""
    reader, writer = os.pipe()
    caller = os.fork()
    if caller == 0:
        os.close(reader)
        call_as(USER, lambda: [os.write(writer, b"x"), time.sleep(600)], 600)
        os._exit(0)
    os.close(writer)
    with open(reader, "rb") as file:
        assert file.read(1) == b"x"
        os.kill(caller, signal.SIGKILL)
        os.waitpid(caller, 0)
        assert file.read() == b"", "the child still holds what it has inherited"
