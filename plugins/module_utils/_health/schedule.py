# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the health check every few minutes: by a timer of systemd, or by cron."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import typing as t
from dataclasses import dataclass

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import diff_entry, read_text, write_file
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.system_python import system_python

NAME = "pyapps-healthcheck"
MANAGERS = ("systemd", "sysv", "none")

_MARK = "# Made by the Ansible collection selfhost.pyapps; a change here is overwritten by its next run."
_UNITS = "/etc/systemd/system"
_CRON_FILE = "/etc/cron.d/" + NAME

Run = t.Callable[..., "tuple[int, str, str]"]
"""``module.run_command``."""


class ScheduleError(Exception):
    """The check cannot be run regularly; the text says why and what to do."""


@dataclass(frozen=True)
class Wish:
    """How the check shall be run.

    :param manager: ``systemd``; ``sysv`` for a file of cron; ``none`` for the crontab of whoever runs this
    :param minutes: between two checks; 0 for never
    """

    layout: Layout
    manager: str
    minutes: int


@dataclass
class Plan:
    """What differs.

    :param files: text by path, None for a file that has to go
    :param crontab: the user's crontab as it should be, or None when it is right
    :param service: verbs for systemctl
    """

    files: dict[str, str | None]
    crontab: str | None
    service: list[str]
    diff: list[dict[str, t.Any]]

    @property
    def changed(self) -> bool:
        return bool(self.files or self.service) or self.crontab is not None


def command(layout: Layout) -> list[str]:
    """The check as it is run regularly: the journal gets what is wrong, and somebody is told of a change."""
    return [system_python(), "-I", layout.zipapp, "healthcheck", "--quiet", "--notify"]


def files(wish: Wish) -> dict[str, str | None]:
    """The files of a schedule by path; None where there must be none."""
    service, timer = (os.path.join(_UNITS, NAME + suffix) for suffix in (".service", ".timer"))
    wanted: dict[str, str | None] = {}
    if wish.manager == "systemd":
        wanted = {service: unit_text(wish.layout), timer: timer_text(wish.minutes)}
    elif wish.manager == "sysv":
        wanted = {_CRON_FILE: _MARK + "\n" + cron_line(wish, "root ") + "\n"}
    return wanted if wish.minutes else dict.fromkeys(wanted)


def unit_text(layout: Layout) -> str:
    words = (word.replace("%", "%%").replace("$", "$$") for word in command(layout))
    return (
        _MARK + "\n[Unit]\nDescription=Health check of Python web apps (selfhost.pyapps)\n\n"
        "[Service]\nType=oneshot\nTimeoutStartSec=600\nExecStart=%s\n"
        % " ".join('"%s"' % word if " " in word or "'" in word else word for word in words)
    )


def timer_text(minutes: int) -> str:
    return (
        _MARK + "\n[Unit]\nDescription=Health check of Python web apps, every %d min\n\n"
        "[Timer]\nOnBootSec=2min\nOnUnitActiveSec=%dmin\nAccuracySec=10s\n\n"
        "[Install]\nWantedBy=timers.target\n" % (minutes, minutes)
    )


def cron_line(wish: Wish, user: str) -> str:
    """One line of cron; its output is in the log already, and cron would mail it each time.

    :param user: with a blank behind it, in cron's own files; empty in a crontab
    """
    words = " ".join(shlex.quote(word) for word in command(wish.layout)).replace("%", r"\%")
    return "*/%d * * * * %s%s >/dev/null 2>&1" % (wish.minutes, user, words)


def crontab_text(wish: Wish, before: str) -> str:
    """A user's crontab with our line for this root folder, or without; every other line stays as it is."""
    mark = "# %s of %s, by selfhost.pyapps" % (NAME, wish.layout.root)
    rest = re.sub(r"^%s\n.*(?:\n|\Z)" % re.escape(mark), "", before, flags=re.MULTILINE)
    if not wish.minutes:
        return rest
    return rest + ("" if rest in ("", "\n") or rest.endswith("\n") else "\n") + mark + "\n" + cron_line(wish, "") + "\n"


def plan(wish: Wish, run: Run) -> Plan:
    """What has to be done.

    :raises ScheduleError: there is no cron
    """
    wanted = files(wish)
    before = {path: read_text(path) for path in wanted}
    todo = Plan({path: text for path, text in wanted.items() if text != before[path]}, None, [], [])
    todo.diff += [diff_entry(path, before[path], text) for path, text in todo.files.items()]
    if wish.manager == "systemd":
        _plan_timer(wish, todo, run)
    elif wish.minutes and shutil.which("crontab", path=_path()) is None:
        raise ScheduleError(
            "there is no cron here, which would run the health check: install the package cron, or set"
            " healthcheck_timer to false"
        )
    elif wish.manager == "none" and shutil.which("crontab", path=_path()):
        code, table, _error = run(["crontab", "-l"])
        table = table if code == 0 else ""  # crontab(1): 1 when the user has none
        if crontab_text(wish, table) != table:
            todo.crontab = crontab_text(wish, table)
            todo.diff.append(diff_entry("crontab", table, todo.crontab))
    return todo


def _path() -> str:
    return os.environ.get("PATH", "") + ":/usr/bin:/usr/sbin"


def _plan_timer(wish: Wish, todo: Plan, run: Run) -> None:
    timer = NAME + ".timer"
    if wish.minutes:
        is_on = all(run(["systemctl", "--quiet", verb, timer])[0] == 0 for verb in ("is-enabled", "is-active"))
        if todo.files:
            todo.service = ["daemon-reload", "enable", "restart"]
        elif not is_on:
            todo.service = ["enable", "restart"]
    elif todo.files:
        todo.service = ["disable --now", "daemon-reload"]


def apply(todo: Plan, run: Run) -> None:
    """Do what was planned.

    :raises ScheduleError: systemctl or crontab refuses
    """
    if "disable --now" in todo.service:
        _run(["systemctl", "disable", "--now", NAME + ".timer"], run)
    for path, text in todo.files.items():
        if text is None:
            os.unlink(path)
        else:
            write_file(path, text)
    for verb in todo.service:
        if verb == "daemon-reload":
            _run(["systemctl", verb], run)
        elif verb in ("enable", "restart"):
            _run(["systemctl", verb, NAME + ".timer"], run)
    if todo.crontab is not None:
        # An empty text would leave crontab to read this module's own input.
        _run(["crontab", "-"] if todo.crontab else ["crontab", "-r"], run, data=todo.crontab, binary_data=True)


def _run(words: list[str], run: Run, **options: t.Any) -> None:
    code, out, error = run(words, **options)
    if code != 0:
        raise ScheduleError("%s failed: %s" % (" ".join(words), (error or out).strip()[-1000:]))
