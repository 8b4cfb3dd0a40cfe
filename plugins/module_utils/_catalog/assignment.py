# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which apps of a folder a host serves: the variable ``pyapps_apps``.

::

    pyapps_apps: [app_1, app_2]   # in the host_vars of a host, or the group_vars of a group
    pyapps_apps: ["*"]            # every app, the default
    pyapps_apps: []               # none
"""

from __future__ import annotations

import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import FileReport, show
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.suggest import nearest

VARIABLE = "pyapps_apps"
EVERY = "*"


class Assignment:
    """What one host serves.

    :param names: names of apps, and :data:`EVERY` for all of them
    """

    def __init__(self, names: t.Iterable[str] = (EVERY,)) -> None:
        self._names = frozenset(names)

    def holds(self, app: str | None) -> bool:
        """Whether the host serves this app; an app without a name may be any."""
        return app is None or EVERY in self._names or app in self._names

    def tell_unknown(self, apps: t.Collection[str], report: FileReport) -> None:
        """An app that is assigned and does not exist would silently not be served."""
        for name in sorted(self._names - set(apps) - {EVERY}):
            guess = nearest(name, apps)
            hint = "did you mean %s?" % guess if guess else "remove it"
            allowed = "%s, or * for all" % ", ".join(sorted(apps)) if apps else "nothing: there are no apps"
            report.error("", "names an app that is not there: " + hint, found=show(name), allowed=allowed)


EVERY_APP = Assignment()
"""What a host serves of which nothing is said."""


def names_of(value: object) -> list[str]:
    """The names of a value of ``pyapps_apps`` as any host may have written it: a list, or a text with commas."""
    words = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else []
    return [word for word in (str(word).strip() for word in words) if word]


def tell_unassigned(fleet: t.Iterable[object], apps: t.Iterable[str], report: FileReport) -> None:
    """Say which apps no host serves: that may be meant, or forgotten.

    :param fleet: the value of ``pyapps_apps`` of every host of the inventory
    """
    whole = Assignment(name for value in fleet for name in names_of(value))
    nowhere = [name for name in sorted(apps) if not whole.holds(name)]
    if nowhere:
        report.notice("no host of the inventory serves %s" % ", ".join(nowhere))
