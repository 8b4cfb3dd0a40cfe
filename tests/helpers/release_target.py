# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A target for tests of releases: a root folder, real Streamlits, and the module run by ansible-playbook."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import re
import secrets
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import AppLayout, Layout, app_user
from helpers.environments import environment

CHECKOUT = Path(__file__).resolve().parents[2]
TOOLS = Path(sysconfig.get_path("scripts"))

OLD, MIDDLE, NEW = "1.41.1", "1.53.0", "1.67.0"


def catalog_entry(name: str, folder: Path, /, **settings: t.Any) -> dict[str, t.Any]:
    """An app of the catalog; a table that is given changes only the keys that it names."""
    entry: dict[str, t.Any] = {
        "name": name,
        "title": name,
        "kind": "streamlit",
        "folder": str(folder),
        "owner": {"name": ""},
        "base_path": "/" + name,
        "streamlit": {"entry_file": "app.py", "port": None, "config": {}},
        "environment": {"python": None, "files": {}, "entry": "requirements.txt"},
        "env": {},
        "data": {"paths": []},
        "route": {"pinned": True, "max_upload_mb": 200, "allowed_origins": [], "frame_ancestors": [], "ignore": []},
        "limits": {"memory": None, "cpu": None},
        "gallery": {"listed": True},
        "deploy": {"keep": 5, "start_timeout": 60, "drain_timeout": 0, "max_draining": 2},
    }
    for key, value in settings.items():
        entry[key] = {**entry[key], **value} if isinstance(entry[key], dict) else value
    return entry


@dataclass
class Outcome:
    """What one run of the module gave: its result, and the text that Ansible printed."""

    result: dict[str, t.Any]
    text: str
    modules: int

    @property
    def changed(self) -> bool:
        return bool(self.result["changed"])

    def app(self, name: str) -> dict[str, t.Any]:
        return dict(self.result["app_results"][name])


@dataclass
class Target:
    """One root folder, and folders of apps beside it.

    :param become_user: the user that the module runs as; empty for the one that runs the test
    """

    folder: Path
    become_user: str = ""
    apps: list[dict[str, t.Any]] = field(default_factory=list)
    results: dict[str, dict[str, t.Any]] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        return self.folder / "root"

    @property
    def as_root(self) -> bool:
        return os.geteuid() == 0 and not self.become_user

    @property
    def layout(self) -> Layout:
        return Layout(str(self.root))

    def app(self, name: str) -> AppLayout:
        return self.layout.app(name)

    def code(self, outcome: Outcome, name: str) -> Path:
        return Path(self.app(name).release(outcome.app(name)["release"])) / "code"

    def add_app(self, version: str = OLD, **settings: t.Any) -> str:
        """An app with a hello script, whose environment holds a real Streamlit; its name."""
        name = settings.pop("name", "rel-" + secrets.token_hex(4))
        folder = self.folder / "apps" / name
        folder.mkdir(parents=True)
        (folder / "app.py").write_text("import streamlit as st\n\nst.write('hello')\n")
        (folder / "setup.toml").write_text('[streamlit]\nentry_file = "app.py"\n')
        self._add_environment(version)
        entry = catalog_entry(name, folder, **settings)
        self.apps.append(entry)
        self.results[name] = {
            "state": "ok",
            "changed": False,
            "environment": self.environment_name(version),
            "streamlit": version,
            "assets": "streamlit-" + version,
        }
        return name

    def source(self, name: str) -> Path:
        """The app's folder on the controller."""
        return self.folder / "apps" / name

    def entry(self, name: str) -> dict[str, t.Any]:
        return next(entry for entry in self.apps if entry["name"] == name)

    @staticmethod
    def environment_name(version: str) -> str:
        return "env" + version.replace(".", "")

    def _add_environment(self, version: str) -> None:
        part = Path("lib/python3/site-packages/streamlit/config.py")
        real = next(environment("streamlit", version).glob("lib/python*/site-packages/streamlit/config.py"))
        place = Path(self.layout.envs) / self.environment_name(version) / part
        if not place.exists():
            place.parent.mkdir(parents=True)
            shutil.copyfile(real, place)

    def give_away(self) -> None:
        """Hand the root folder to the user that the module runs as."""
        if self.become_user:
            for path in [self.root, *self.root.rglob("*")]:
                os.chown(path, pwd.getpwnam(self.become_user).pw_uid, -1, follow_symlinks=False)

    def run(self, *flags: str, **arguments: t.Any) -> Outcome:
        """Run the module once, after the host was laid out."""
        self.root.mkdir(exist_ok=True)
        self.give_away()
        work = Path(tempfile.mkdtemp(prefix="run-", dir=self.folder))
        temporary = self.folder / "tmp"  # what a killed module leaves goes with the target
        temporary.mkdir(exist_ok=True)
        temporary.chmod(0o1777)
        play = work / "play.yml"
        module = {"root": str(self.root), "apps": self.apps, "results": self.results, **arguments}
        play.write_text(json.dumps([self._play(module, work / "result.json")]))
        output = subprocess.run(
            [TOOLS / "ansible-playbook", "-i", "localhost,", play, *flags],
            cwd=CHECKOUT,
            env={
                **os.environ,
                "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"),
                "ANSIBLE_VERBOSITY": "3",
                "TMPDIR": str(temporary),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert output.returncode == 0, output.stdout
        used = len(re.findall(r"Using module file \S+/releases\.py", output.stdout))
        return Outcome(json.loads((work / "result.json").read_text()), output.stdout, used)

    def _play(self, module: dict[str, t.Any], result: Path) -> dict[str, t.Any]:
        become = {"become_user": self.become_user, "become_method": "su", "become_flags": "-s /bin/sh"}
        names = [app["name"] for app in self.apps]
        layout = {"root": str(self.root), "apps": names}
        return {
            "hosts": "all",
            "connection": "local",
            "gather_facts": False,
            "vars": {"ansible_python_interpreter": sys.executable if self.as_root else "/usr/bin/python3"},
            **({"become": True, **become} if self.become_user else {}),
            "tasks": [
                {"name": "Lay out", "selfhost.pyapps.host_layout": layout, "check_mode": False},
                {"name": "Releases", "selfhost.pyapps.releases": module, "register": "made", "failed_when": False},
                {
                    "name": "Keep the result",
                    "ansible.builtin.copy": {"content": "{{ made | to_json }}", "dest": str(result), "mode": "0600"},
                    "become": False,
                    "check_mode": False,
                    "diff": False,
                },
            ],
        }

    def remove(self) -> None:
        """Leave nothing on this machine."""
        known = {entry.pw_name for entry in pwd.getpwall()}
        for app in self.apps:
            if self.as_root and app_user(app["name"]) in known:
                subprocess.run(["userdel", app_user(app["name"])], check=True, capture_output=True)
        subprocess.run(["chmod", "-R", "u+rwX", str(self.folder)], check=True)
        shutil.rmtree(self.folder)


@contextlib.contextmanager
def new_target(become_user: str = "") -> t.Iterator[Target]:
    """A target in a folder that every user can reach, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="pyapps-releases-", dir="/var/tmp"))
    folder.chmod(0o755)
    target = Target(folder, become_user)
    try:
        yield target
    finally:
        target.remove()
