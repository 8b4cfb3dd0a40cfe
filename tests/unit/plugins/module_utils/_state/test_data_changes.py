# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file below [data] paths that changes in the folder is told once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import AppLayout, Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.data_changes import changed_notices, record


@pytest.fixture
def app(tmp_path: Path) -> AppLayout:
    app = Layout(str(tmp_path)).app("app")
    os.makedirs(app.data)
    Path(app.data, "app.db").touch()
    return app


def test_a_change_is_told_once_with_both_ways_out(app: AppLayout) -> None:
    record(app, {"app.db": "one"})
    assert changed_notices(app, {"app.db": "one"}) == []
    (told,) = changed_notices(app, {"app.db": "two"})
    assert told.startswith("app.db has changed in the app's folder, but the app goes on with its own copy")
    assert "delete %s/app.db on the host" % app.data in told
    record(app, {"app.db": "two"})
    assert changed_notices(app, {"app.db": "two"}) == []


def test_what_was_never_seen_or_will_be_filled_is_not_told(app: AppLayout) -> None:
    assert changed_notices(app, {"app.db": "one"}) == []
    record(app, {"app.db": "one", "uploads": "one"})
    assert changed_notices(app, {"uploads": "two"}) == []  # the data folder has none, so a release fills it


def test_a_damaged_record_is_no_error(app: AppLayout) -> None:
    Path(app.seeds).write_text("{")
    assert changed_notices(app, {"app.db": "one"}) == []
