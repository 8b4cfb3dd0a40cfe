# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows what a module on the target tells while it works. PRIVATE to the collection.

The counterpart of ``module_utils/_progress.py``.
"""

from __future__ import annotations

import contextlib
import copy
import secrets
import shlex
import threading
import typing as t

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.selfhost.pyapps.plugins.module_utils._layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._problems import printable
from ansible_collections.selfhost.pyapps.plugins.module_utils._progress import progress_path

_TRANSPORTS = ("local", "ssh")
_SECONDS = 1.0


class Relay:
    """Reads along in another thread, beside the module's own call.

    It asks by a copy of the connection that never becomes another user: nothing of the module's call is shared. On
    other transports than local and ssh the lines come at the end.

    :param connection: the action's connection
    :param path: the module's file
    :param show: told each line once
    """

    def __init__(self, connection: t.Any, path: str, show: t.Callable[[str], None] | None = None) -> None:
        self.token = secrets.token_hex(16)
        self._connection = copy.copy(connection)
        self._connection.set_become_plugin(None)
        self._path = path
        self._show = show or (lambda line: Display().display("    " + printable(line)))
        self._shown = 0
        self._ended = threading.Event()

    @contextlib.contextmanager
    def running(self) -> t.Iterator[None]:
        """Show what comes while the block lasts."""
        thread = threading.Thread(target=self._follow, daemon=True)
        if self._connection.transport in _TRANSPORTS:
            thread.start()
        try:
            yield
        finally:
            self._ended.set()
            if thread.ident is not None:
                thread.join()

    def finish(self, lines: t.Sequence[str]) -> None:
        """Show what was told after the last look."""
        for line in lines[self._shown :]:
            self._show(line)
        self._shown = len(lines)

    def _follow(self) -> None:
        # A run that has nothing to do has ended before the first look.
        while not self._ended.wait(_SECONDS):
            try:
                rc, out, _err = self._connection.exec_command("cat " + shlex.quote(self._path), sudoable=False)
            except AnsibleError:
                return
            lines = out.decode(errors="replace").splitlines()
            if rc == 0 and lines and lines[0] == self.token:
                self.finish(lines[1:])


class ProgressAction(ActionBase):  # type: ignore[misc]
    """Runs the module of a step, and shows what it tells while it works.

    :cvar step: the module's name
    """

    step = ""
    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        layout = Layout(str(arguments.get("root") or "/"))
        relay = Relay(self._connection, progress_path(layout, self.step))
        module = "selfhost.pyapps." + self.step
        with relay.running():
            arguments["progress"] = relay.token
            result = dict(self._execute_module(module_name=module, module_args=arguments, task_vars=task_vars))
        relay.finish(result.pop("progress", []))
        return result
