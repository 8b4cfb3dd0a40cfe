# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host for deploys in unit tests: supervisord and apps are stand-ins, the files and ports are real."""

from __future__ import annotations

import json
import os
import typing as t
from pathlib import Path

from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy import instances as _instances, run as _run
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import Result
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_record import InstanceRecord
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_state import live_instance

from .serving_host import free_ports
from .stand_in_app import StandInApp
from .stand_in_supervisord import StandInSupervisord

_ZIPAPP = "import os, sys; words = sys.argv[sys.argv.index('--') + 1:]; os.execvp(words[0], words)\n"


class StandInHost:
    """One host with apps that answer; use it in a ``with`` block.

    :ivar ill: what processes of a release answer when they are asked how they are, by release
    :ivar running: the processes, by program
    :ivar said: the lines that runs have said
    """

    def __init__(self, root: Path) -> None:
        self.layout = Layout(str(root))
        for path in (self.layout.srv, self.layout.log, self.layout.run, self.layout.programs):
            os.makedirs(path, exist_ok=True)
        for path in (self.layout.supervisor_socket, self.layout.zipapp):
            os.makedirs(os.path.dirname(path), exist_ok=True)
        Path(self.layout.zipapp).write_text(_ZIPAPP)
        self.ports = free_ports(20)
        self.entries: dict[str, dict[str, t.Any]] = {}
        self.ill: dict[str, tuple[int, str]] = {}
        self.running: dict[str, StandInApp] = {}
        self.said: list[str] = []
        self.daemon = StandInSupervisord(self.layout.supervisor_socket)
        self.daemon.folder = self.layout.programs
        self.daemon.on_start, self.daemon.on_stop = self._started, self._stopped

    def __enter__(self) -> StandInHost:
        self.daemon.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.daemon.__exit__()
        for name in list(self.running):
            self._stopped(name)

    def _started(self, program: str) -> None:
        name, _dot, instance = program.rpartition(".")
        record = InstanceRecord.read(self.layout.app(name).instance(instance))
        app = StandInApp(self.entries[name]["base_path"], port=record.port)
        app.health = self.ill.get(record.release, app.health)
        self.running[program] = app

    def _stopped(self, program: str) -> None:
        app = self.running.pop(program, None)
        if app:
            app.__exit__()
        self.daemon.then[program] = ["STOPPED"]

    def app(self, name: str, **deploy: t.Any) -> dict[str, t.Any]:
        """An entry of the catalog, which later calls change."""
        app = self.layout.app(name)
        for folder in (app.releases, app.instances, app.serving, app.data):
            os.makedirs(folder, exist_ok=True)
        defaults = {"start_timeout": 5, "stable_time": 0, "gate": "health", "drain_timeout": 0, "max_draining": 2}
        self.entries[name] = {
            "name": name,
            "kind": "streamlit",
            "base_path": "/" + name,
            "streamlit": {"entry_file": "app.py", "port": None, "config": {}},
            "data": {"paths": []},
            "route": {"pinned": False},
            "deploy": {"keep": 5, **defaults, **deploy},
        }
        return self.entries[name]

    def release(self, name: str, number: int) -> str:
        """A release of an app on the disk; gives its id."""
        release = "%016d" % number
        folder = Path(self.layout.app(name).release(release))
        os.makedirs(folder / "code", exist_ok=True)
        content = {"release": release, "environment": "e" * 16, "settings": self.entries[name]}
        (folder / "release.json").write_text(json.dumps(content))
        return release

    def deploy(self, results: t.Mapping[str, Result] | None = None, /, **options: t.Any) -> _instances.Outcome:
        """Deploy releases by their numbers (``one=1``), or what is handed on.

        :param options: further ones are those of the run
        """
        numbers = {name: options.pop(name) for name in list(options) if name in self.entries}
        wanted = {name: Result(release=self.release(name, number)) for name, number in numbers.items()}
        defaults = {"layout": self.layout, "ports": self.ports, "parallel": 2, "check_mode": False}
        run = _run.Run(**{**defaults, "say": self.said.append, **options})
        return _instances.deploy(run, list(self.entries.values()), {**wanted, **(results or {})})

    def live(self, name: str) -> InstanceRecord:
        """The record of the live instance."""
        found = live_instance(self.layout.app(name))
        assert found is not None
        assert found.record is not None
        return found.record

    def process(self, name: str) -> StandInApp:
        """The process of the live instance."""
        return self.running[self.live(name).program]

    def instances(self, name: str) -> list[str]:
        """The releases of all instances that have a record, a program and a process."""
        app = self.layout.app(name)
        records = [InstanceRecord.read(os.path.join(app.instances, file)) for file in os.listdir(app.instances)]
        assert {record.program for record in records} == {each for each in self.running if each.startswith(name + ".")}
        assert all(os.path.exists(self.layout.program(record.program)) for record in records)
        return sorted(record.release for record in records)
