# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How an app wants to be deployed: its table ``[deploy]``, whatever version wrote the catalog."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

RESTART = "restart"
HEALTH, PAGES = "health", "pages"


@dataclass(frozen=True)
class DeploySettings:
    """What ``[deploy]`` says of the gate and of what comes before it; times in seconds.

    :param strategy: ``beside`` or ``restart``
    :param gate: ``health``, ``script`` or ``pages``
    :param test: a command, or None
    :param release_command: a command, or None
    """

    start_timeout: float = 60
    strategy: str = "beside"
    gate: str = "script"
    script_timeout: float = 30
    stable_time: float = 2
    test: str | None = None
    test_timeout: float = 300
    release_command: str | None = None
    release_timeout: float = 300
    preview_timeout: float = 3600

    @classmethod
    def of(cls, entry: t.Mapping[str, t.Any]) -> DeploySettings:
        """Those of an entry of the catalog; one that an older version applied lacks the younger keys."""
        said = entry["deploy"]
        return cls(**{name: said[name] for name in cls.__dataclass_fields__ if name in said})

    @property
    def in_place(self) -> bool:
        """Whether the old process ends before the new one starts."""
        return self.strategy == RESTART
