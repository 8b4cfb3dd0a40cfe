# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import AppLayout, Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import instance_state as _instance_state
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_record import InstanceRecord

INSTANCE = "0123456789abcdef" * 2
OTHER = "f" * 32


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(str(tmp_path))
    app = layout.app("app")
    for folder in (layout.programs, app.instances, app.serving):
        os.makedirs(folder)
    return layout


def record(app: AppLayout, instance: str, port: int) -> InstanceRecord:
    made = InstanceRecord(app.name, instance, port, "0" * 16, "2026-11-21T07:42:00Z")
    Path(app.instance(instance)).write_text(made.to_json())
    return made


def test_the_live_instance_is_what_the_link_says(layout: Layout) -> None:
    app = layout.app("app")
    assert _instance_state.live_instance(app) is None
    os.symlink("serving/%s.20001" % INSTANCE, app.live)
    assert _instance_state.live_instance(app) == _instance_state.Live(INSTANCE, 20001, None)
    made = record(app, INSTANCE, 20001)
    assert _instance_state.live_instance(app) == _instance_state.Live(INSTANCE, 20001, made)


def test_a_record_of_another_port_is_not_the_live_ones(layout: Layout) -> None:
    app = layout.app("app")
    os.symlink("serving/%s.20001" % INSTANCE, app.live)
    record(app, INSTANCE, 20002)
    live = _instance_state.live_instance(app)
    assert live is not None
    assert live.record is None


@pytest.mark.parametrize("target", ["serving/x.20001", "../other/serving/%s.20001" % INSTANCE, "/etc", "data"])
def test_a_link_that_leads_elsewhere_is_no_live_instance(layout: Layout, target: str) -> None:
    os.symlink(target, layout.app("app").live)
    assert _instance_state.live_instance(layout.app("app")) is None


def test_every_trace_of_an_instance_is_found_and_nothing_else(layout: Layout) -> None:
    """C-09: what a killed run left is found by its record, marker, program file or program."""
    app = layout.app("app")
    names = ["%s" % digit * 32 for digit in "1234"]
    record(app, names[0], 20001)
    os.mkdir(app.marker(names[1], 20002))
    Path(layout.program("app." + names[2])).touch()
    Path(layout.program("app-2." + OTHER)).touch()
    Path(app.serving, ".part-%s.20003-x" % OTHER).mkdir()
    Path(app.instances, "README").touch()
    programs = ["app." + names[3], "app2." + OTHER, "app", "watcher"]
    assert _instance_state.instance_names(layout, app, programs) == set(names)


def test_ports_of_all_apps_are_known_also_without_a_process(layout: Layout) -> None:
    """C-08: a port of another app is not given away while that app is down."""
    record(layout.app("app"), INSTANCE, 20001)
    other = layout.app("other")
    os.makedirs(other.marker(OTHER, 20002))
    os.makedirs(other.instances)
    Path(other.instances, "%s.json" % OTHER).write_text("damaged")
    assert _instance_state.used_ports(layout) == {20001, 20002}
    assert _instance_state.used_ports(Layout("/nonexistent")) == set()


def test_a_release_that_is_gone_or_damaged_is_named(layout: Layout) -> None:
    app = layout.app("app")
    with pytest.raises(_instance_state.ReleaseError, match=r"release\.json cannot be read"):
        _instance_state.read_release(app, "0" * 16)
    os.makedirs(app.release("0" * 16))
    path = Path(app.release("0" * 16), "release.json")
    path.write_text("[]")
    with pytest.raises(_instance_state.ReleaseError, match="not a release"):
        _instance_state.read_release(app, "0" * 16)
