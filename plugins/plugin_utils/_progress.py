# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows what a module on the target tells while it works, and that it still works.

The counterpart of ``module_utils/_ground/progress.py``.
"""

from __future__ import annotations

import contextlib
import copy
import secrets
import shlex
import threading
import time
import typing as t

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import printable
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.progress import progress_path

_TRANSPORTS = ("local", "ssh")
_SECONDS = 1.0
_FIRST = 5.0
"""Seconds of silence after which a person wonders."""
_EACH = 10.0


class Counter:
    """Says after five seconds of silence that the work goes on, then each ten seconds, and once what to expect.

    :param show: told each line
    :param expected: how long it may take, and why
    :param now: a clock
    """

    def __init__(
        self, show: t.Callable[[str], None], expected: str = "", now: t.Callable[[], float] = time.monotonic
    ) -> None:
        self._show, self._expected, self._now = show, expected, now
        self.heard()

    def heard(self) -> None:
        """Something else was shown, so the silence begins anew."""
        self._since, self._next = self._now(), _FIRST

    def tick(self) -> None:
        """Show a line when it is time."""
        silent = self._now() - self._since
        if silent < self._next:
            return
        expected = "; " + self._expected if self._expected else ""
        self._show("... %d s%s" % (silent, expected))
        self._expected = ""
        self._next = silent - silent % _EACH + _EACH


def _display(line: str) -> None:
    Display().display("    " + printable(line))


@contextlib.contextmanager
def _each_second(look: t.Callable[[], None]) -> t.Iterator[None]:
    """Call a function each second while the block lasts, beside it."""
    ended = threading.Event()

    def follow() -> None:
        while not ended.wait(_SECONDS):
            look()

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


class Relay:
    """Reads along in another thread, beside the module's own call.

    It asks by a copy of the connection that never becomes another user: nothing of the module's call is shared. On
    other transports than local and ssh the lines come at the end.

    :param connection: the action's connection
    :param path: the module's file
    :param show: told each line once
    :param expected: how long it may take, for who waits
    """

    def __init__(
        self, connection: t.Any, path: str, show: t.Callable[[str], None] | None = None, expected: str = ""
    ) -> None:
        self.token = secrets.token_hex(16)
        self._connection = copy.copy(connection)
        self._connection.set_become_plugin(None)
        self._path = path
        self._show = show or _display
        self._counter = Counter(self._show, expected)
        self._shown = 0

    def running(self) -> t.ContextManager[None]:
        """Show what comes while the block lasts."""
        # A run that has nothing to do has ended before the first look.
        return _each_second(self._look)

    def finish(self, lines: t.Sequence[str]) -> None:
        """Show what was told after the last look."""
        for line in lines[self._shown :]:
            self._show(line)
        if len(lines) > self._shown:
            self._counter.heard()
        self._shown = len(lines)

    def _look(self) -> None:
        self._counter.tick()
        if self._connection.transport not in _TRANSPORTS:
            return
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
    :cvar expected: how long it may take, and why; shown when it is silent for some seconds
    """

    step = ""
    expected = ""
    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        layout = Layout(str(arguments.get("root") or "/"))
        relay = Relay(self._connection, progress_path(layout, self.step), expected=self.expected)
        module = "selfhost.pyapps." + self.step
        with relay.running():
            arguments["progress"] = relay.token
            result = dict(self._execute_module(module_name=module, module_args=arguments, task_vars=task_vars))
        relay.finish(result.pop("progress", []))
        return result


def counting(expected: str = "", show: t.Callable[[str], None] | None = None) -> t.ContextManager[None]:
    """Show that the block still works, while it lasts.

    :param expected: how long it may take, and why
    :param show: told each line
    """
    return _each_second(Counter(show or _display, expected).tick)


class CountingAction(ActionBase):  # type: ignore[misc]
    """Runs a module that tells nothing while it works, and shows that it still does.

    :cvar step: the module's name
    :cvar expected: how long it may take, and why
    """

    step = ""
    expected = ""
    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        super().run(tmp, task_vars)
        with counting(self.expected):
            return dict(self._execute_module(module_name="selfhost.pyapps." + self.step, task_vars=task_vars))
