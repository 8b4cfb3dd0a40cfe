# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract of a kind that adds something to a release."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from urllib.parse import urlsplit

from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.base import Settings


@dataclass(frozen=True)
class HostOptions:
    """What the host, not the app, says about every app.

    :param public_url: the URL that visitors use, such as ``https://apps.example.com``; empty when there is none
    :param production: no file watcher, no rerun on save
    """

    public_url: str = ""
    production: bool = True

    @property
    def public_host(self) -> str:
        """The name of the host in this URL."""
        return urlsplit(self.public_url).hostname or "localhost"


@dataclass(frozen=True)
class Generator:
    """What a release of a kind gets beside the app's own files.

    Both raise ``KindError`` where the environment does not hold what the kind needs.

    :ivar files: for (settings, the host's part, the environment's folder, the version of the kind's package in words),
        the text of each file by its path, all of ``Kind.generated``
    :ivar notices: for (settings, the environment's folder, that version), what a person should know
    """

    files: t.Callable[[Settings, HostOptions, str, str], dict[str, str]]
    notices: t.Callable[[Settings, str, str], list[str]]
