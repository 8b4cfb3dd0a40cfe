# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the log of a live app says that its owner can do."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.action.app_logs import printed
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.logs import app_logs
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_record import InstanceRecord

INSTANCE, RELEASE = "0" * 32, "1" * 16
REFUSED = "PermissionError: [Errno 13] Permission denied: 'usage.json'\n"


def live_app(folder: Path, *kept: str) -> Layout:
    """A host with one live app, whose errors are of long ago and of now."""
    layout = Layout(str(folder))
    app = layout.app("app_1")
    for name in (app.instances, app.serving, app.code(RELEASE), layout.log):
        os.makedirs(name)
    record = InstanceRecord("app_1", INSTANCE, 20000, RELEASE, "2026-11-21T00:00:00Z")
    Path(app.instance(INSTANCE)).write_text(record.to_json())
    os.symlink("serving/%s.20000" % INSTANCE, app.live)
    settings = {"name": "app_1", "kind": "streamlit", "data": {"paths": list(kept)}}
    Path(app.release(RELEASE), "release.json").write_text(json.dumps({"release": RELEASE, "settings": settings}))
    Path(layout.log, "app_1.%s.out.log" % INSTANCE).write_text("started\n")
    Path(layout.log, "app_1.%s.err.log" % INSTANCE).write_text(REFUSED + "a later line\n" * 60)
    return layout


@pytest.mark.parametrize("lines", [5, 100])
def test_logs_end_with_the_line_that_lets_an_app_write_also_when_its_error_is_above(tmp_path: Path, lines: int) -> None:
    logs = app_logs(live_app(tmp_path), "app_1", lines)
    assert [log["stream"] for log in logs if log["advice"]] == ["err"]
    assert printed(logs)[-1] == "app_1: " + str(logs[-1]["advice"])
    assert printed(logs)[-1].endswith('Write into setup.toml: [data] paths = ["usage.json"]')


def test_nothing_is_said_when_the_release_keeps_the_file(tmp_path: Path) -> None:
    logs = app_logs(live_app(tmp_path, "usage.json"), "app_1", 5)
    assert [log["advice"] for log in logs] == [None, None]
