# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One request for an environment on its way through a run, and what the run may do."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.lock import Request
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.python import Interpreter
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.uv import Sources
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.unprivileged import EnvironmentFailedError


@dataclass(frozen=True)
class Settings:
    """What a run may do.

    :ivar python: version or path for who asks for none; None for the host's
    :ivar upgrade: resolve again although a lock is kept
    :ivar rebuild: build again although an environment is there
    :ivar parallel: how many environments (and compiling processes) at once
    :ivar resolve_timeout: seconds for one resolution
    :ivar build_timeout: seconds for each program of a build
    :ivar check: change nothing
    :ivar python_downloads: whether a version of Python that the host lacks is fetched
    """

    python: str | None
    sources: Sources
    upgrade: bool
    rebuild: bool
    parallel: int
    resolve_timeout: float
    build_timeout: float
    check: bool
    python_downloads: bool = False


@dataclass
class Wish:
    """One request on its way through the steps.

    :ivar failure: why it cannot be met; then the rest does not count
    :ivar lock: the lock's text; None as long as it is not known
    :ivar before: the lock's text that its owner had until now
    :ivar environment: name of the environment
    :ivar built: whether this run built (or would build) the environment
    """

    request: Request
    interpreter: Interpreter | None = None
    inputs: str = ""
    lock: str | None = None
    before: str | None = None
    environment: str | None = None
    built: bool = False
    changed: bool = False
    failure: EnvironmentFailedError | None = None
    record: dict[str, t.Any] = field(default_factory=dict)

    @property
    def chosen(self) -> Interpreter:
        """The interpreter, which every wish has that has not failed."""
        if self.interpreter is None:
            raise LookupError("%s has no interpreter" % self.shown)
        return self.interpreter

    @property
    def shown(self) -> str:
        return ("tool " if self.request.is_tool else "") + self.request.name
