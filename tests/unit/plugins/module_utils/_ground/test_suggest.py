# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.suggest import nearest

KEYS = ["title", "owner", "entry_file", "base_path", "max_upload_mb"]


@pytest.mark.parametrize(
    ("typo", "meant"),
    [
        ("titel", "title"),
        ("entry_fil", "entry_file"),
        ("entryFile", "entry_file"),
        ("base-path", "base_path"),
        ("Owner", "owner"),
        ("zzz", None),
        ("", None),
        pytest.param("t" * 60_000, None, id="endless"),
    ],
)
def test_the_nearest_name_is_found_or_none(typo: str, meant: str | None) -> None:
    assert nearest(typo, KEYS) == meant
