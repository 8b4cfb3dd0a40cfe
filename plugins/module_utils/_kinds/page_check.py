# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract of a kind whose apps the gate opens as a person would."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.base import Settings
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.endpoint import Endpoint


@dataclass
class Seen:
    """What a visitor of an app has got.

    :ivar status: of the handshake; without 101 there was no visit
    :ivar ended: whether the script came to its end
    :ivar elements: how many it has shown
    :ivar exception: the first one among them, in a line; None without
    :ivar compiled: whether the script is Python at all
    :ivar pages: how the addresses of the app's other pages end
    """

    status: int
    ended: bool = False
    elements: int = 0
    exception: str | None = None
    compiled: bool = True
    pages: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class PageCheck:
    """How the gate opens an app of a kind as a person would, to see whether its page works.

    :ivar visit: for (settings, endpoint, the app's URL, seconds, page), what a visitor of that page sees; "" is the
        first one. It raises ``ProbeTimeoutError`` when nothing is seen in time, and ``ProbeError``
    :ivar tells_exceptions: for (settings), whether the app's log tells the exceptions that nobody has caught from those
        that the app shows
    :ivar uncaught: what the log says before such an exception
    :ivar hangs: why nothing may be seen in time, for people
    """

    visit: t.Callable[[Settings, Endpoint, str, float, str], Seen]
    tells_exceptions: t.Callable[[Settings], bool]
    uncaught: str
    hangs: str
