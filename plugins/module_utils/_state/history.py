# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which releases of an app have been live, and which of them people went back from.

A release that its gate has refused is in no history: nobody goes back to it, and it pushes out none that was good.
"""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import files as _files
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import AppLayout
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_record import RELEASE


@dataclass(frozen=True)
class History:
    """``apps/<app>/history.json``; releases that were pruned since may be in it.

    :param live: when each release was made live last, in UTC; the one that was last comes last
    :param withdrawn: those that a rollback has left. The site playbook does not bring them live again.
    """

    live: t.Mapping[str, str]
    withdrawn: frozenset[str] = frozenset()

    @property
    def newest_first(self) -> list[str]:
        return list(reversed(list(self.live)))

    def deployed(self, release: str, moment: str, before: str | None = None) -> History:
        """The history after a deploy. What was withdrawn is so no longer, unless the same release was started again.

        :param before: the release that was live; hosts of an older collection have it in no history
        """
        known = {before: ""} if before and before not in self.live else {}
        others = {**known, **{other: since for other, since in self.live.items() if other != release}}
        return History({**others, release: moment}, self.withdrawn if release == before else frozenset())

    def remade(self, release: str, moment: str, before: str | None = None) -> History:
        """The history after the same code has gone live with what the host says today."""
        return History(self.deployed(release, moment, before).live, self.withdrawn)

    def renamed(self, release: str, name: str) -> History:
        """The history in which a release that was withdrawn has another name."""
        if release not in self.withdrawn:
            return self
        return History(self.live, self.withdrawn - {release} | {name})

    def rolled_back(self, release: str, moment: str, before: str | None = None) -> History:
        """The history after a rollback from ``before``; one to a withdrawn release goes forward again."""
        withdrawn = set(self.withdrawn)
        if before and release not in withdrawn:
            withdrawn.add(before)
        return History(self.deployed(release, moment, before).live, frozenset(withdrawn - {release}))


def read(app: AppLayout) -> History:
    """The history of an app; an empty one where there is none, or a file that is not ours."""
    try:
        content = json.loads(_files.read_text(app.history) or "{}")
        live = {entry["release"]: str(entry["since"]) for entry in content.get("live", [])}
        withdrawn = frozenset(map(str, content.get("withdrawn", [])))
    except (ValueError, TypeError, KeyError, AttributeError):
        return History({})
    return History({release: since for release, since in live.items() if RELEASE.fullmatch(release)}, withdrawn)


def write(app: AppLayout, history: History, held: t.Collection[str]) -> None:
    """Remember a history.

    :param held: the releases that are there; what was pruned is forgotten
    """
    live = [{"release": release, "since": since} for release, since in history.live.items() if release in held]
    content = {"live": live, "withdrawn": sorted(history.withdrawn)}
    _files.write_file(app.history, json.dumps(content, indent=2) + "\n")
