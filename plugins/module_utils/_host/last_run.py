# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which run has changed a host last, so that a run whose plan is older than that is refused.

A run looks at a host, and acts minutes later, in many steps; the host's lock covers each step. Between two of them
another run may roll back what this one is about to deploy over, or remove what this one hands to the front.
"""

from __future__ import annotations

import json
import os
import secrets
import typing as t
from dataclasses import dataclass, field

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import clock as _clock
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import read_text, write_file
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout


class StalePlanError(Exception):
    """Another run has changed the host since this one's plan was made; the text says which and what to do."""


def new_run() -> str:
    """A name for a run that no other one has."""
    return secrets.token_hex(8)


@dataclass(frozen=True)
class Plan:
    """What a run knows of the state of the host that it was planned for.

    :param run: the run's own name
    :param seen: the run that had changed the host last when this one looked; empty for none, None when nobody looked
    """

    run: str = field(default_factory=new_run)
    seen: str | None = None

    @classmethod
    def of(cls, argument: t.Mapping[str, t.Any] | None) -> Plan:
        """The plan of a module's argument, as :func:`look` has made it; without one any state is right."""
        return cls(str(argument["run"]), str(argument["seen"])) if argument else cls()

    def check(self, layout: Layout) -> None:
        """Go on only when nobody else has changed the host since; for who holds the host's lock.

        :raises StalePlanError: somebody has
        """
        last = _last(layout)
        if self.seen is not None and last.get("run", "") not in (self.seen, self.run):
            raise StalePlanError(
                "another run has changed this host since this one looked at it (it %s at %s). This step has changed "
                "nothing. Run again: then what is there now is looked at." % (last.get("what"), last.get("when"))
            )

    def note(self, layout: Layout, what: str) -> None:
        """Write down that this run has changed the host.

        :param what: what it did ("deployed apps")
        """
        content = {"run": self.run, "what": what, "when": _clock.now()}
        os.makedirs(layout.run, exist_ok=True)
        write_file(_path(layout), json.dumps(content) + "\n")


def look(layout: Layout) -> dict[str, str]:
    """The plan of a run that begins now, as an argument for the modules that act."""
    return {"run": new_run(), "seen": _last(layout).get("run", "")}


def _path(layout: Layout) -> str:
    # Empty after a boot; a plan from before it is refused then.
    return os.path.join(layout.run, "changed-by.json")


def _last(layout: Layout) -> dict[str, str]:
    try:
        content = json.loads(read_text(_path(layout)) or "{}")
    except ValueError:
        return {}
    return {key: str(value) for key, value in content.items()} if isinstance(content, dict) else {}
