# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.arguments import become_hint


@pytest.mark.parametrize(
    ("uid", "error", "says"),
    [(1000, PermissionError(13, "no"), "--become"), (0, PermissionError(13, "no"), ""), (1000, ValueError("x"), "")],
)
def test_only_who_lacks_roots_rights_is_told_how_to_get_them(
    uid: int, error: Exception, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    hint = become_hint(error)
    assert (says in hint) if says else hint == ""
