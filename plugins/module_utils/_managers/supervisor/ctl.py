# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``pyapps ctl``: supervisorctl for our daemon, by apps' names.

A program is called ``<app>.<instance>``; which one is an app's changes with every deploy, so nobody needs to know it.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import SERVING, Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.unprivileged import run_program
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.log_tail import shown

_TRANSLATED = frozenset(("status", "start", "stop", "restart", "signal", "clear"))
"""Commands whose answer is lines that begin with a program's name."""
_SHOWN = frozenset(("tail", "maintail"))
"""Commands whose answer is what programs have written."""
_NAME_WIDTH = 33  # supervisorctl's column
_SECONDS = 600.0  # more than the stop wait of any program
_NO_SUPERVISORCTL = 4  # supervisorctl's own exit code when the daemon cannot be reached


def live_programs(layout: Layout) -> dict[str, str]:
    """The program of each app's live instance, by app."""
    found = {}
    for app in layout.app_names():
        try:
            target = os.readlink(layout.app(app).live)
        except OSError:
            continue
        marker = SERVING.fullmatch(os.path.basename(target))
        if marker:
            found[app] = "%s.%s" % (app, marker.group("instance"))
    return found


def with_app_names(text: str, programs: t.Mapping[str, str]) -> str:
    """supervisorctl's answer, with an app's name where a line begins with its live program's; columns stay columns."""
    lines = []
    for line in text.splitlines():
        name, separator, rest = re.match(r"([^\s:]*)([\s:]*)(.*)", line).groups()  # type: ignore[union-attr]
        lines.append((_app_of(name, programs), separator, rest))
    width = max([_NAME_WIDTH, *(len(name) + 1 for name, separator, _rest in lines if separator.isspace())])
    return "".join(
        (name.ljust(width) if separator.isspace() else name + separator) + rest + "\n"
        for name, separator, rest in lines
    )


def _app_of(program: str, programs: t.Mapping[str, str]) -> str:
    return next((app for app, live in programs.items() if live == program), program)


class _Command(subprocess.Popen[bytes]):
    """supervisorctl; the installed program has no ``run_command`` of a module."""


def _show(command: t.Sequence[str]) -> int:
    """Run a command, and show each line that it writes when it is whole; a terminal's signals reach it, too."""
    try:
        with _Command(command, stdout=subprocess.PIPE) as process:
            for line in t.cast(t.IO[bytes], process.stdout):
                sys.stdout.write(shown(line) + "\n")
                sys.stdout.flush()
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return process.returncode


def main(layout: Layout, arguments: t.Sequence[str]) -> int:
    """Run supervisorctl.

    :returns: its exit code: 0 all is up, 3 something is down, 4 the daemon is
    """
    own = os.path.join(layout.tools, "supervisor", "bin", "supervisorctl")
    program = own if os.access(own, os.X_OK) else shutil.which("supervisorctl")
    if program is None:
        sys.stderr.write("pyapps: there is no supervisorctl, neither %s nor in PATH\n" % own)
        return _NO_SUPERVISORCTL
    programs = live_programs(layout)
    command = [program, "-c", layout.supervisor_conf, *arguments[:1]]
    command += [programs.get(word, word) for word in arguments[1:]]
    if arguments and arguments[0] in _SHOWN:
        return _show(command)
    if not arguments or arguments[0] not in _TRANSLATED:
        os.execv(program, command)
    done = run_program(command, os.environ, "/", _SECONDS, user=None)
    sys.stdout.write(with_app_names(done.out, programs))
    sys.stderr.write(done.err)
    return done.rc
