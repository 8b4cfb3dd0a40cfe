# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parameters that many modules share (documented in ``doc_fragments/host.py``)."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import UIDS

ROOT: dict[str, t.Any] = {
    "root": {"type": "path", "default": "/"},
}
USERS: dict[str, t.Any] = {
    "uid_range": {"type": "str", "default": UIDS},
}
LOCK: dict[str, t.Any] = {
    "lock_timeout": {"type": "float", "default": 60.0},
}
CHOICE: dict[str, t.Any] = {
    "app": {"type": "list", "elements": "str", "default": []},
}
DEPLOY: dict[str, t.Any] = {
    "public_url": {"type": "str", "default": ""},
    "port_range": {"type": "str", "default": "20000-29999"},
    "unconfined": {"type": "list", "elements": "str", "default": []},
    "parallel": {"type": "int", "default": 0},
}
PLAN: dict[str, t.Any] = {
    "plan": {"type": "dict"},
}
NETWORK: dict[str, t.Any] = {
    "index_url": {"type": "str"},
    "ca_bundle": {"type": "path"},
    "proxy": {"type": "str"},
    "wheelhouse": {"type": "path"},
}


def become_hint(error: BaseException) -> str:
    """What to do about an error, behind its text: empty unless only root's rights were missing."""
    if isinstance(error, PermissionError) and os.geteuid() != 0:
        return ". Run as root: add --become, or ansible_become: true in the inventory."
    return ""
