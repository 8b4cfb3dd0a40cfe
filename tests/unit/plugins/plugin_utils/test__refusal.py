# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a run is refused, shown once."""

from __future__ import annotations

from ansible_collections.selfhost.pyapps.plugins.plugin_utils._refusal import refused


def test_mistakes_are_shown_and_the_result_only_counts_them() -> None:
    shown: list[str] = []
    answer = refused(["one: \x1b[2J", "two"], "mistake", "mistakes", shown.append)
    assert shown == ["\none: \\x1b[2J\ntwo\n"]
    assert answer == {"changed": False, "failed": True, "msg": "2 mistakes, told above. Nothing was changed."}
    assert refused(["one"], "mistake", "mistakes", shown.append)["msg"].startswith("1 mistake, told above.")
