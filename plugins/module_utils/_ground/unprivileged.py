# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that a run starts without its own rights: uv, pip, an interpreter.

Root never runs what came from an index. Every program here runs as the build user (or as ``nobody`` where there is
none yet), with an environment that is given in full, with a time limit, and dies with the run: a run that is killed
leaves no uv behind that would go on writing.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import typing as t
from dataclasses import dataclass

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import BUILD_USER, app_user

_NOBODY = "nobody"
_TIMED_OUT = 124  # as timeout(1) says it
_MOST_SAID = 64 << 20  # bytes of each output, whole pages: more than any lock
_F_ADD_SEALS, _F_SEAL_SHRINK, _F_SEAL_GROW = 1033, 2, 4  # linux/fcntl.h


class EnvironmentFailedError(Exception):
    """One environment cannot be had; others can.

    :ivar reason: the cause in a sentence or two, and what to do
    :ivar log: last lines of the program that failed
    """

    def __init__(self, reason: str, log: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.log = log


@dataclass(frozen=True)
class Outcome:
    """What a program left.

    :ivar rc: its exit status; negative for a signal, 124 when its time was over
    :ivar out: standard output
    :ivar err: standard error
    :ivar seconds: the limit that it ran into, or None
    """

    rc: int
    out: str
    err: str
    seconds: float | None = None

    def last_lines(self, count: int = 20) -> str:
        """The end of what it said, for people."""
        text = (self.err.strip() + "\n" + self.out.strip()).strip() if self.rc else self.err.strip()
        return "\n".join(text.splitlines()[-count:])


def build_user() -> str | None:
    """Who builds: None without root (then the caller itself), else the build user.

    :raises LookupError: root without a build user
    """
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(BUILD_USER).pw_name
    except KeyError:
        raise LookupError(
            "the user %s is missing: environments are never built as root. The role pyapps makes it; or run "
            "`useradd --system --home-dir /nonexistent --shell /usr/sbin/nologin %s`." % (BUILD_USER, BUILD_USER)
        ) from None


def source_user(app: str) -> str | None:
    """Who builds an app's packages from source, which runs their code: the app's own user, as whom they run anyway.

    :raises EnvironmentFailedError: root without this user
    """
    if os.geteuid() != 0:
        return None
    user = app_user(app)
    try:
        return pwd.getpwnam(user).pw_name
    except KeyError:
        raise EnvironmentFailedError(
            "[environment] allow_build: the user %s is missing, as whom its packages would be built: the module "
            "selfhost.pyapps.host_layout makes it" % user
        ) from None


def probe_user() -> str | None:
    """Who runs harmless questions such as ``uv --version``: the build user, or ``nobody`` before there is one."""
    try:
        return build_user()
    except LookupError:
        return _NOBODY


def without_rights(user: str | None) -> list[str]:
    """What in front of a command drops every right but a user's; the kernel ends it with the thread that started it.

    :param user: None to stay who one is
    :raises LookupError: setpriv is missing, and root needs it
    """
    setpriv = shutil.which("setpriv", path="/usr/bin:/bin:" + os.environ.get("PATH", ""))
    if setpriv is None:
        if user is None:
            return []
        raise LookupError("setpriv (Debian package util-linux) is missing: it is needed to build without root's rights")
    command = [setpriv, "--pdeathsig=KILL", "--no-new-privs"]
    if user is not None:
        group = str(pwd.getpwnam(user).pw_gid)
        command += ["--reuid=" + user, "--regid=" + group, "--init-groups"]
    return [*command, "--"]


class _Session(subprocess.Popen[str]):
    """A program that leads a session of its own, and is killed with its children."""

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)


def run_program(
    command: t.Sequence[str],
    environment: t.Mapping[str, str],
    cwd: str,
    seconds: float,
    user: str | None,
    data: str | None = None,
    around: t.Sequence[str] = (),
) -> Outcome:
    """Run a program to its end.

    :param environment: all of its environment; nothing of ours leaks in
    :param seconds: after that it and its children are killed
    :param user: user to become (only root may), or None to stay
    :param data: its standard input
    :param around: a command of ours that starts it, before any right is dropped
    :raises OSError: it cannot be started
    :raises LookupError: rights cannot be dropped here
    """
    # Not pipes: what a program leaves running could keep those open for ever, or fill our memory.
    with _room() as out, _room() as err:
        process = _Session(
            [*(without_rights(None) if around else ()), *around, *without_rights(user), *command],
            env=dict(environment),
            cwd=cwd,
            stdin=subprocess.DEVNULL if data is None else subprocess.PIPE,
            stdout=out,
            stderr=err,
            start_new_session=True,
            encoding="utf-8",
        )
        try:
            process.communicate(data, timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return Outcome(_TIMED_OUT, _said(out), _said(err), seconds)
        except BaseException:
            process.kill()
            raise
        if out.tell() >= _MOST_SAID:
            return Outcome(process.returncode or 1, "", "it said more than %d bytes" % _MOST_SAID)
        return Outcome(process.returncode, _said(out), _said(err))


def _room() -> t.IO[bytes]:
    """Memory for what a program says, which takes no more than that; a disk may be full, and has to be told of then."""
    file = os.fdopen(os.memfd_create("said", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING), "r+b", buffering=0)
    file.truncate(_MOST_SAID)
    fcntl.fcntl(file, _F_ADD_SEALS, _F_SEAL_SHRINK | _F_SEAL_GROW)
    return file


def _said(file: t.IO[bytes]) -> str:
    # The program shares the place at which it writes with us, and may have moved it anywhere.
    return os.pread(file.fileno(), min(file.tell(), _MOST_SAID), 0).decode("utf-8", "replace")


def closed_folder(path: str) -> str | None:
    """The first folder above (or at) a path that other users cannot enter, or None.

    Root can go everywhere, the users that build and run cannot; this finds out before a program fails obscurely.
    """
    current = "/"
    for name in os.path.realpath(path).strip("/").split("/"):
        current = os.path.join(current, name)
        if os.path.isdir(current) and not os.stat(current).st_mode & 0o001:
            return current
    return None
