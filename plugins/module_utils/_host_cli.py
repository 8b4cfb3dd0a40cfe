# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line of our zipapp on a host: ``pyapps``. PRIVATE to the collection.

``start``, ``run`` and ``watch`` are for supervisord, ``task`` and ``pages`` for a deploy, ``ctl`` and ``healthcheck``
for people, who always say an app's name.
"""

from __future__ import annotations

import os
import sys
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._layout import Layout

USAGE = """\
usage: pyapps ctl [COMMAND ...]      ask or change supervisor: status, restart app_1, stop app_1, tail app_1, ...
       pyapps healthcheck [--json | --prometheus | --quiet] [--notify] [--timeout SECONDS]   is this host well?
       pyapps start ROOT APP INSTANCE        (supervisor's) become the process of an app
       pyapps task ROOT APP RELEASE -- COMMAND [ARGUMENT ...]   (a run's) a command where the app's process would run
       pyapps pages ENTRY_FILE SECONDS       (a run's, with the app's Python) run each page once
       pyapps run -- COMMAND [ARGUMENT ...]  (supervisor's) become a command that does not outlive supervisord
       pyapps watch ROOT [SOCKET]            (supervisor's) look after the apps
       pyapps container                      (Docker's) become supervisord, the first process of a container
       pyapps container-logs                 (supervisor's) show every log in that of the container
"""
_BAD_USAGE = 2


def main(arguments: t.Sequence[str], zipapp: str) -> int:
    """Run one command.

    :param arguments: without the program's name
    :param zipapp: path of our zipapp, which says where everything lies
    :returns: the exit code; commands that become another program do not return
    """
    command, rest = (arguments[0], list(arguments[1:])) if arguments else ("", [])
    # Imported when needed: what an app's start does not use shall not slow it down.
    if command == "start" and len(rest) == 3:
        from ansible_collections.selfhost.pyapps.plugins.module_utils import _starter

        return _starter.main(Layout(rest[0]), rest[1], rest[2])
    if command == "task" and len(rest) >= 5 and rest[3] == "--":
        from ansible_collections.selfhost.pyapps.plugins.module_utils import _starter

        return _starter.task_main(Layout(rest[0]), rest[1], rest[2], rest[4:])
    if command == "pages" and len(rest) == 2:
        from ansible_collections.selfhost.pyapps.plugins.module_utils import _page_runner

        return _page_runner.main(rest[0], float(rest[1]))
    if command == "run" and len(rest) >= 2 and rest[0] == "--":
        from ansible_collections.selfhost.pyapps.plugins.module_utils import _starter

        return _starter.run_main(rest[1:])
    if command == "watch" and len(rest) in (1, 2):
        from ansible_collections.selfhost.pyapps.plugins.module_utils import _watcher

        _watcher.main(Layout(rest[0]), *rest[1:])
    if command == "container" and not rest:
        from ansible_collections.selfhost.pyapps.plugins.module_utils import _container

        return _container.main(Layout(_root_of(zipapp)))
    if command == "container-logs" and not rest:
        from ansible_collections.selfhost.pyapps.plugins.module_utils import _container_logs

        _container_logs.main(Layout(_root_of(zipapp)))
    if command == "healthcheck":
        from ansible_collections.selfhost.pyapps.plugins.module_utils import _health_cli

        return _health_cli.main(Layout(_root_of(zipapp)), rest)
    if command == "ctl":
        from ansible_collections.selfhost.pyapps.plugins.module_utils import _host_ctl

        return _host_ctl.main(Layout(_root_of(zipapp)), rest)
    sys.stderr.write(USAGE)
    return 0 if command in ("-h", "--help", "help") else _BAD_USAGE


def _root_of(zipapp: str) -> str:
    """The root folder whose :attr:`Layout.zipapp` this is."""
    root = os.path.realpath(zipapp)
    for _folder in os.path.relpath(Layout("/").zipapp, "/").split("/"):
        root = os.path.dirname(root)
    return root
