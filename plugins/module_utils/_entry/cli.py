# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line of our zipapp on a host: ``pyapps``.

``start``, ``run`` and ``watch`` are for supervisord, ``task`` and ``pages`` for a deploy, ``ctl`` and ``healthcheck``
for people, who always say an app's name.
"""

from __future__ import annotations

import os
import sys
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout

USAGE = """\
usage: pyapps ctl [COMMAND ...]      ask or change supervisor: status, restart app_1, stop app_1, tail app_1, ...
       pyapps healthcheck [--json | --prometheus | --quiet] [--notify] [--timeout SECONDS]   is this host well?
       pyapps start ROOT APP INSTANCE        (supervisor's) become the process of an app
       pyapps task ROOT APP RELEASE PORTS -- COMMAND [ARGUMENT ...]   (a run's) a command as the app's process would run
       pyapps pages ENTRY_FILE SECONDS       (a run's, with the app's Python) run each page once
       pyapps run -- COMMAND [ARGUMENT ...]  (supervisor's) become a command that does not outlive supervisord
       pyapps watch ROOT [FIREWALL [SOCKET]] (supervisor's) look after the apps
       pyapps container                      (Docker's) become supervisord, the first process of a container
       pyapps container-drain SECONDS        (a run's) end the container when nobody needs it any more
       pyapps container-gate                 (a run's) let the apps of a container prove themselves
       pyapps container-logs                 (supervisor's) show every log in that of the container
"""
_BAD_USAGE = 2

Words = t.Sequence[str]


# What a command needs is imported when it runs: what an app's start does not use shall not slow it down.
def _start(words: Words, layout: Layout) -> int:
    from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy import starter as _starter

    return _starter.main(Layout(words[0]), words[1], words[2])


def _task(words: Words, layout: Layout) -> int:
    from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy import starter as _starter

    return _starter.task_main(Layout(words[0]), words[1], words[2], words[3], list(words[5:]))


def _run(words: Words, layout: Layout) -> int:
    from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy import starter as _starter

    return _starter.run_main(list(words[1:]))


def _watch(words: Words, layout: Layout) -> int:
    from ansible_collections.selfhost.pyapps.plugins.module_utils._entry import watcher as _watcher

    _watcher.main(Layout(words[0]), *words[1:])


def _container(words: Words, layout: Layout) -> int:
    from ansible_collections.selfhost.pyapps.plugins.module_utils._images import entry_point as _container

    return _container.main(layout)


def _container_drain(words: Words, layout: Layout) -> int:
    from ansible_collections.selfhost.pyapps.plugins.module_utils._images import drain as _container_drain

    return _container_drain.main(layout, float(words[0]))


def _container_gate(words: Words, layout: Layout) -> int:
    from ansible_collections.selfhost.pyapps.plugins.module_utils._images import gate as _container_gate

    return _container_gate.main(layout)


def _container_logs(words: Words, layout: Layout) -> int:
    from ansible_collections.selfhost.pyapps.plugins.module_utils._images import logs as _container_logs

    _container_logs.main(layout)


def _healthcheck(words: Words, layout: Layout) -> int:
    from ansible_collections.selfhost.pyapps.plugins.module_utils._health import cli as _health_cli

    return _health_cli.main(layout, list(words))


def _ctl(words: Words, layout: Layout) -> int:
    from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor import ctl as _host_ctl

    return _host_ctl.main(layout, list(words))


class _Command(t.NamedTuple):
    """One command.

    :param run: with the words behind the command, and where everything lies
    :param takes: whether these are words that it takes
    """

    run: t.Callable[[Words, Layout], int]
    takes: t.Callable[[Words], bool]


_COMMANDS: t.Mapping[str, _Command] = {
    "start": _Command(_start, lambda words: len(words) == 3),
    "task": _Command(_task, lambda words: len(words) >= 6 and words[4] == "--"),
    "run": _Command(_run, lambda words: len(words) >= 2 and words[0] == "--"),
    "watch": _Command(_watch, lambda words: len(words) in (1, 2, 3)),
    "container": _Command(_container, lambda words: not words),
    "container-drain": _Command(_container_drain, lambda words: len(words) == 1),
    "container-gate": _Command(_container_gate, lambda words: not words),
    "container-logs": _Command(_container_logs, lambda words: not words),
    "healthcheck": _Command(_healthcheck, lambda words: True),
    "ctl": _Command(_ctl, lambda words: True),
}


def main(arguments: t.Sequence[str], zipapp: str) -> int:
    """Run one command.

    :param arguments: without the program's name
    :param zipapp: path of our zipapp, which says where everything lies
    :returns: the exit code; commands that become another program do not return
    """
    name, words = (arguments[0], list(arguments[1:])) if arguments else ("", [])
    command = _COMMANDS.get(name)
    if command is not None and command.takes(words):
        os.umask(os.umask(0o077) | 0o022)  # whoever has started this: others write into nothing that it makes
        return command.run(words, Layout(_root_of(zipapp)))
    sys.stderr.write(USAGE)
    return 0 if name in ("-h", "--help", "help") else _BAD_USAGE


def _root_of(zipapp: str) -> str:
    """The root folder whose :attr:`Layout.zipapp` this is."""
    root = os.path.realpath(zipapp)
    for _folder in os.path.relpath(Layout("/").zipapp, "/").split("/"):
        root = os.path.dirname(root)
    return root
