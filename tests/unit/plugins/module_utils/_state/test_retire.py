# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.rpc import Supervisor
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import retire as _retire

OLD, LIVE = "a" * 32, "b" * 32


class Recorder(Supervisor):
    """Notes in which order things happen; the processes themselves are the integration tests' business."""

    def __init__(self, marker: Path, ends: bool = True) -> None:
        super().__init__("/nonexistent")
        self.marker, self.ends = marker, ends
        self.events: list[tuple[str, bool]] = []

    def stop(self, name: str, wait: float, kill_after: float | None = None) -> bool:
        self.events.append(("stop " + name, self.marker.exists()))
        return self.ends

    def remove(self, name: str) -> None:
        self.events.append(("remove " + name, self.marker.exists()))


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A host with an app that has two instances."""
    layout = Layout(str(tmp_path))
    app = layout.app("app")
    for folder in (layout.programs, layout.log, app.instances):
        os.makedirs(folder)
    for instance, port in ((OLD, 20001), (LIVE, 20002)):
        os.makedirs(app.marker(instance, port))
        Path(app.marker(instance, port), "index.html").write_text("page")
        Path(app.instance(instance)).write_text("{}")
        Path(layout.program("app." + instance)).write_text("")
    return layout


def test_the_marker_goes_before_the_process_is_stopped(layout: Layout) -> None:
    """C-09: a tab sees 410 (retired), never 502, so the marker is gone when the process gets its signal."""
    app = layout.app("app")
    supervisor = Recorder(Path(app.marker(OLD, 20001)))
    _retire.retire(layout, app, OLD, supervisor)
    assert supervisor.events == [("stop app." + OLD, False), ("remove app." + OLD, False)]
    assert os.listdir(app.serving) == ["%s.20002" % LIVE]
    assert os.listdir(app.instances) == [LIVE + ".json"]
    assert os.listdir(layout.programs) == ["app.%s.conf" % LIVE]


def test_what_cannot_be_stopped_keeps_its_record_so_that_the_next_run_finds_it(layout: Layout) -> None:
    app = layout.app("app")
    with pytest.raises(_retire.RetireError, match="app." + OLD):
        _retire.retire(layout, app, OLD, Recorder(Path(app.marker(OLD, 20001)), ends=False))
    assert OLD + ".json" in os.listdir(app.instances)


def test_retiring_what_is_gone_is_fine(layout: Layout) -> None:
    _retire.retire(layout, layout.app("app"), "c" * 32, None)
    assert len(os.listdir(layout.app("app").serving)) == 2


def test_the_logs_of_the_newest_instances_that_are_gone_are_kept(layout: Layout) -> None:
    names = ["%s" % digit * 32 for digit in "1234"]
    for age, instance in enumerate([*names, LIVE]):
        for end in ("out.log", "err.log", "err.log.1"):
            path = Path(layout.log, "app.%s.%s" % (instance, end))
            path.touch()
            os.utime(path, (1000 + age, 1000 + age))
    for foreign in ("app.out.log", "app2.%s.out.log" % names[0], "app.x.%s.out.log" % names[0]):
        Path(layout.log, foreign).touch()
    doomed = _retire.old_logs(layout, "app", {LIVE})
    assert {os.path.basename(path).split(".")[1] for path in doomed} == {names[0], names[1]}
    assert len(doomed) == 6
    _retire.remove_files([*doomed, doomed[0]])
    assert _retire.old_logs(layout, "app", {LIVE}) == []
