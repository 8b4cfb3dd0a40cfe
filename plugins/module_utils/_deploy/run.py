# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all turns of one deploy share, and how they say what they come to."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.last_run import Plan

LIVE = "live"
UNCHANGED = "unchanged"
PREVIEW = "preview"
KEPT = "kept (old release serves)"
DOWN = "not deployed; the previous release is down too"
NEVER = "has never been live"


class Preview(t.NamedTuple):
    """How a release can be tried out.

    :param in_public: also on the public host
    """

    in_public: bool = False


@dataclass(frozen=True)
class Run:
    """What all turns of one run share.

    :param ports: the range for new instances
    :param parallel: how many apps are deployed at the same time
    :param public_url: where people open the host, for the gate's handshake; None when that is not known
    :param restart: whether a healthy live instance of the wanted release is replaced too
    :param rollback: whether what is live now is withdrawn: the site playbook does not bring it back
    :param preview: what has proven itself does not go live but can be tried out; None lets it go live
    :param plan: the state of the host that the run was planned for
    :param unconfined: names of apps whose processes may use any port
    :param say: is told what goes on, one line at a time
    """

    layout: Layout
    ports: range
    parallel: int
    check_mode: bool
    public_url: str | None = None
    restart: bool = False
    rollback: bool = False
    preview: Preview | None = None
    plan: Plan = field(default_factory=Plan)
    unconfined: frozenset[str] = frozenset()
    say: t.Callable[[str], None] = lambda line: None
