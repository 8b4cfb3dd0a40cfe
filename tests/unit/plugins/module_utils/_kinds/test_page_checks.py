# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.page_checks import page_check_of


@pytest.mark.parametrize(("level", "tells"), [(None, True), ("info", True), ("warning", True), ("error", False)])
def test_streamlit_tells_uncaught_exceptions_as_warnings(level: str | None, tells: bool) -> None:
    config = {} if level is None else {"logger.level": level}
    entry = {"kind": "streamlit", "streamlit": {"config": config}}
    check = page_check_of(entry)
    assert check is not None
    assert check.tells_exceptions(entry) is tells


def test_a_kind_without_a_check_has_none() -> None:
    assert page_check_of({"kind": "upstream"}) is None
