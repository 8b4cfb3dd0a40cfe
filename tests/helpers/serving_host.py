# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host with a real supervisord and hand-made releases of real Streamlit apps, below a folder of its own."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import socket
import subprocess
import typing as t
from pathlib import Path

from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy import instances as _instances, run as _deploy_run
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import UIDS, Layout, app_user
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.lock import host_lock
from ansible_collections.selfhost.pyapps.plugins.module_utils._host import layout as _host_layout, users as _host_users
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit import assets as _streamlit_assets
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.rpc import SupervisorError
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import as_dicts, results_of
from helpers.environments import CACHE, environment, once
from helpers.supervisord import Supervisord

CHECKOUT = Path(__file__).resolve().parents[2]

_SERVER = {"address": "127.0.0.1", "headless": True, "scriptHealthCheckEnabled": True, "fileWatcherType": "none"}
_BROWSER = '[browser]\ngatherUsageStats = false\nserverAddress = "localhost"\n'

Results = dict[str, dict[str, t.Any]]


class Told(t.NamedTuple):
    """What a deploy came to, as the module returns it."""

    results: Results
    changed: bool
    diffs: t.Sequence[dict[str, t.Any]]

    @classmethod
    def of(cls, outcome: _instances.Outcome) -> Told:
        return cls(as_dicts(outcome.results), outcome.changed, outcome.diffs)


def free_ports(count: int) -> range:
    """Ports in a row that nobody listens on now, below the kernel's own."""
    for first in range(10000 + os.getpid() % 97 * 200, 32000, count):
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            for port in range(first, first + count):
                stack.enter_context(socket.create_server(("127.0.0.1", port)))
            return range(first, first + count)
    raise AssertionError("no free ports")


class ServingHost:
    """One host, made for one test; :meth:`close` ends its processes and removes its users."""

    def __init__(self) -> None:
        self.daemon = Supervisord(environment("supervisor", "4.3.0") / "bin")
        self.root, self.layout, self.supervisor = self.daemon.root, self.daemon.layout, self.daemon.rpc
        self.ports = free_ports(40)
        self.users: list[str] = []
        self.apps: dict[str, dict[str, t.Any]] = {}
        self.wanted: Results = {}
        self._unique = self.root.name.rpartition("-")[2].lower().strip("_")
        for folder in _host_layout.folders(self.layout, [], os.geteuid() == 0):
            if folder.user is None:  # nothing is built here
                _host_layout.make(folder)
        self.daemon.start()

    def name(self, short: str) -> str:
        """A name for an app that no other test has, so that its user is its own."""
        return "%s-%s" % (short, self._unique)

    def add_app(self, short: str, **settings: t.Any) -> str:
        """Make an app's folders and user, without a release; gives its name."""
        name = self.name(short)
        as_root = os.geteuid() == 0
        if as_root:
            plan = _host_users.plan([_host_users.app(self.layout, name)])
            _host_users.carry_out(plan, self.layout, UIDS, _run)
            self.users.append(app_user(name))
        for folder in _host_layout.folders(self.layout, [name], as_root)[-5:]:
            _host_layout.make(folder)
        self.apps[name] = {
            "name": name,
            "title": short,
            "kind": "streamlit",
            "base_path": "/" + short,
            "streamlit": {"entry_file": "app.py", "port": None, "config": {}},
            "env": {},
            "data": {"paths": []},
            "route": {"pinned": True, "max_upload_mb": 200, "allowed_origins": [], "frame_ancestors": [], "ignore": []},
            "deploy": {"keep": 5, "start_timeout": 60, "drain_timeout": 0, "max_draining": 2},
            **settings,
        }
        return name

    def as_user_of(self, name: str) -> dict[str, t.Any]:
        """Arguments for ``subprocess`` that run something as an app's user."""
        user = app_user(name)
        return {"user": user, "group": user, "extra_groups": []} if os.geteuid() == 0 else {}

    def release(
        self,
        name: str,
        script: str | None,
        streamlit: str = "1.67.0",
        files: t.Mapping[str, str] | None = None,
        **server: t.Any,
    ) -> str:
        """Make a release of an app and want it; gives its id. Without a script its entry file is missing.

        :param files: further files of its code, by path
        :param server: options of Streamlit's section ``server`` that differ
        """
        entry = self.apps[name]
        hash_ = self.environment(streamlit)
        release = hashlib.sha256(repr((script, streamlit, files, server)).encode()).hexdigest()[:16]
        folder = Path(self.layout.app(name).release(release))
        if not folder.exists():
            (folder / "code" / ".streamlit").mkdir(parents=True)
            if script is not None:
                (folder / "code" / "app.py").write_text(script)
            for path, text in (files or {}).items():
                (folder / "code" / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / "code" / path).write_text(text)
            options = {**_SERVER, "baseUrlPath": entry["base_path"].strip("/"), **server}
            lines = "".join("%s = %s\n" % (key, json.dumps(value)) for key, value in options.items())
            (folder / "code" / ".streamlit" / "config.toml").write_text(_BROWSER + "[server]\n" + lines)
            record = {"app": name, "release": release, "kind": "streamlit", "environment": hash_}
            record.update(assets=self.assets(streamlit), settings=entry)
            (folder / "release.json").write_text(json.dumps(record))
        self.wanted[name] = {
            "state": "ok",
            "changed": False,
            "release": release,
            "environment": hash_,
            "assets": self.assets(streamlit),
        }
        return release

    def environment(self, streamlit: str) -> str:
        """The hash of an environment in the store with this Streamlit."""
        hash_ = hashlib.sha256(streamlit.encode()).hexdigest()[:32]
        link = Path(self.layout.envs) / hash_
        if not link.is_symlink():
            link.symlink_to(environment("streamlit", streamlit))
        return hash_

    def assets(self, streamlit: str) -> str:
        """The assets folder of this Streamlit; compressing it takes seconds, so all tests share it."""
        hash_ = self.environment(streamlit)
        shared = Layout(str(CACHE / ("assets-" + streamlit)))
        with once(CACHE / ("assets-" + streamlit) / ".ready") as needed:
            if needed:
                os.makedirs(shared.envs, exist_ok=True)
                os.makedirs(shared.assets, exist_ok=True)
                (Path(shared.envs) / hash_).symlink_to(environment("streamlit", streamlit))
                _streamlit_assets.copy_assets(shared, hash_, streamlit)
        name = _streamlit_assets.known_assets(shared, hash_)
        assert name is not None
        link = Path(self.layout.assets) / name
        if not link.is_symlink():
            link.symlink_to(Path(shared.assets) / name)
        return name

    def run(self, **options: t.Any) -> _deploy_run.Run:
        """A run over this host."""
        defaults = {"layout": self.layout, "ports": self.ports, "parallel": 4, "check_mode": False}
        return _deploy_run.Run(**{**defaults, **options})

    def deploy(self, **options: t.Any) -> Told:
        """Deploy what is wanted, as the module does."""
        run = self.run(**options)
        with host_lock(self.layout.lock, 60, "tests"):
            return Told.of(_instances.deploy(run, list(self.apps.values()), results_of(self.wanted)))

    def answers(self) -> bool:
        """Whether supervisord answers; the socket of a killed one is still there."""
        try:
            return bool(self.supervisor.version())
        except SupervisorError:
            return False

    def seen(self, name: str) -> dict[str, t.Any]:
        """Everything of an app that a deploy may touch: the live link, names of files, pids and start times."""
        app = self.layout.app(name)
        processes = self.supervisor.processes()
        return {
            "live": os.readlink(app.live) if os.path.islink(app.live) else None,
            "serving": sorted(os.listdir(app.serving)),
            "records": sorted(os.listdir(app.instances)),
            "programs": sorted(file for file in os.listdir(self.layout.programs) if name in file),
            "processes": {key: (value.pid, value.start) for key, value in processes.items() if name in key},
            "others": sorted(file for file in os.listdir(app.path) if file not in ("releases", "data")),
        }

    def close(self) -> None:
        """End everything that was started, and remove it."""
        self.daemon.close()
        for user in self.users:
            _run(["userdel", user])


def _run(command: list[str]) -> tuple[int, str, str]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr
