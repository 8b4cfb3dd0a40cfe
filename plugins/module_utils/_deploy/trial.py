# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a release does before its process starts: its test and its release command.

Test and release command run once per release: when one has succeeded, a file in the release's folder says which command
that was. One that was killed runs again, so it must bear that.
"""

from __future__ import annotations

import os
import typing as t
from dataclasses import dataclass

from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.commands import split_command
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.deploy_settings import DeploySettings
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.gate import GateError
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.task import TaskEnd, run_task
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.write_refused import with_advice
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import read_text, write_file
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import AppLayout, Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.limits import blame_memory, limits_of
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor import log_tail as _log_tail
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.release_secrets import time_kept

TESTED = "tested-with"
RELEASED = "released-with"
"""Files in a release's folder: the command that has succeeded."""


@dataclass(frozen=True)
class Trial:
    """A release that is about to be started.

    :param user: the app's; None without root
    :param settings: of the release
    :param app_ports: which ports belong to apps of this host; what runs here may reach none of them
    :param say: is told what runs
    """

    layout: Layout
    app: AppLayout
    release: str
    user: str | None
    settings: t.Mapping[str, t.Any]
    deploy: DeploySettings
    app_ports: str
    say: t.Callable[[str], None] = lambda line: None

    def test(self) -> None:
        """Let the app test itself, if it wants to and has not done so.

        :raises GateError: it failed
        """
        self._once("test", self.deploy.test, "test_timeout", TESTED)

    def prepare(self) -> None:
        """Run the app's release command, if it has one that has not succeeded for this release.

        :raises GateError: it failed
        """
        self._once("release_command", self.deploy.release_command, "release_timeout", RELEASED)

    def _once(self, key: str, text: str | None, limit: str, done: str) -> None:
        path = os.path.join(self.app.release(self.release), done)
        if text is None or read_text(path) == text + "\n":
            return
        self.say("runs %s" % text)
        end = self._run(key, split_command(text), limit)
        if end.problem:
            reason = "[deploy] %s: %r %s: %s" % (key, text, end.problem, _log_tail.cause(end.log))
            raise self._refused(key, reason, end)
        with time_kept(self.app.release(self.release)):
            write_file(path, text + "\n")

    def _refused(self, step: str, reason: str, end: TaskEnd) -> GateError:
        reason = blame_memory(limits_of(self.settings), reason, end.log)
        code = self.app.code(self.release)
        return GateError(step, with_advice(reason, end.log, code, self.settings), end.log)

    def _run(self, step: str, command: list[str], limit: str) -> TaskEnd:
        seconds = getattr(self.deploy, limit)
        try:
            limits = limits_of(self.settings)
            end = run_task(
                self.layout, self.app.name, self.release, self.user, command, seconds, limits, self.app_ports
            )
        except (OSError, LookupError) as error:
            raise GateError(step, "%s cannot be run: %s" % (command[0], error)) from None
        if end.code is None:
            return end._replace(problem="%s ([deploy] %s)" % (end.problem, limit))
        return end
