# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which instances can be tried out, and until when."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import AppLayout, Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_record import InstanceRecord
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.preview import begin, is_over, previews


@pytest.fixture
def app(tmp_path: Path) -> AppLayout:
    app = Layout(str(tmp_path)).app("app")
    for folder in (app.serving, app.instances):
        os.makedirs(folder)
    return app


def instance(app: AppLayout, digit: str, minute: int, seconds: float | None, port: int = 20001) -> InstanceRecord:
    """An instance with record and marker, made at that minute."""
    record = InstanceRecord("app", digit * 32, port, "f" * 16, "2026-11-21T12:%02d:00Z" % minute)
    Path(app.instance(record.instance)).write_text(record.to_json())
    os.mkdir(app.marker(record.instance, record.port))
    return record if seconds is None else begin(app, record, seconds)


def test_previews_are_those_with_a_marker_and_a_time_that_are_not_live(app: AppLayout) -> None:
    older, younger = instance(app, "1", 10, 3600), instance(app, "2", 30, -1)
    live = instance(app, "3", 40, 3600)
    instance(app, "4", 50, None)
    elsewhere = instance(app, "5", 55, 3600)
    os.rename(app.marker(elsewhere.instance, 20001), app.marker(elsewhere.instance, 20002))
    os.mkdir(os.path.join(app.serving, "other"))
    Path(app.serving, "%s.20001" % ("6" * 32)).mkdir()
    os.symlink("serving/%s.%d" % (live.instance, live.port), app.live)
    assert previews(app) == [younger, older]


def test_a_preview_is_over_when_its_time_is(app: AppLayout) -> None:
    assert not is_over(instance(app, "1", 10, 3600))
    assert is_over(instance(app, "2", 10, -1))


def test_an_app_that_was_never_deployed_has_none(tmp_path: Path) -> None:
    assert previews(Layout(str(tmp_path)).app("app")) == []
