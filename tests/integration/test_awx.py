# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWX does with the collection, without an AWX: its execution environment, its project folder, its runner.

No image can be built where no registry is, so the build's context is looked at; and the runner runs on this machine
instead of in a container. Folders, collection, variables, events and exit codes are as in AWX.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sysconfig
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.probe_http import get
from helpers.apps import make_app
from helpers.checkout import CHECKOUT
from helpers.site_host import SiteHost, new_site_host

TOOLS = Path(sysconfig.get_path("scripts"))
CANARY = "canary-of-the-survey"
SCRIPT = (
    """
import os
import streamlit as st

assert os.environ["API_KEY"] == "%s"
st.write("Hello from AWX")
"""
    % CANARY
)


def run(command: t.Sequence[str | Path], cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A tool that reads nothing of this checkout, like one in a container of AWX."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**inherited, "LC_ALL": "C.UTF-8", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )
    print(done.stdout)
    return done


def test_the_execution_environment_gives_a_context_to_build(tmp_path: Path) -> None:
    """The base image is a variable of the build, and the controller's Python can read setup.toml."""
    definition = CHECKOUT / "meta" / "execution-environment.yml"
    create = [TOOLS / "ansible-builder", "create", "-f", definition, "--context", "context"]
    assert run([*create, "--output-filename", "Containerfile"], tmp_path).returncode == 0
    lines = (tmp_path / "context" / "Containerfile").read_text().splitlines()
    assert 'ARG EE_BASE_IMAGE="quay.io/centos/centos:stream9"' in lines
    assert "FROM $EE_BASE_IMAGE AS base" in lines
    assert 'ARG PYCMD="/usr/bin/python3.12"' in lines
    assert any("openssh-clients" in line for line in lines)
    for package in ("ansible-core>=2.19", "ansible-runner>=2.4"):
        assert any(line.startswith("ARG ANSIBLE_INSTALL_REFS=") and package in line for line in lines)


def test_the_collection_can_be_part_of_another_execution_environment(tmp_path: Path) -> None:
    """ansible-builder reads the same file for what an installed collection needs: nothing."""
    installed = tmp_path / "ansible_collections" / "selfhost" / "pyapps" / "meta"
    installed.mkdir(parents=True)
    shutil.copy(CHECKOUT / "meta" / "execution-environment.yml", installed)
    done = run([TOOLS / "ansible-builder", "introspect", tmp_path], tmp_path)
    assert done.returncode == 0
    assert "Traceback" not in done.stdout


@pytest.fixture(scope="module")
def host() -> t.Iterator[SiteHost]:
    with new_site_host() as host:
        yield host


class Runner:
    """A folder as AWX lays it out: ``project``, ``inventory``, ``env``, ``requirements_collections``."""

    def __init__(self, folder: Path, host: SiteHost) -> None:
        self.folder = folder
        self.project = folder / "project"
        self.app = make_app(
            self.project / "apps" / host.name("awx"),
            '[streamlit]\nbase_path = "/awx"\nentry_file = "main.py"\n\n[env]\nrequired = ["API_KEY"]\n',
            {"requirements.txt": "streamlit==1.67.*\n", "main.py": SCRIPT},
        )
        self._write("project/playbooks/site.yml", "- import_playbook: selfhost.pyapps.site\n")
        shutil.copytree(CHECKOUT / "inventories" / "quickstart", folder / "inventory")
        self._write("env/settings", json.dumps({"suppress_env_files": True}))
        self._variables = {
            "pyapps_apps_dir": str(self.project / "apps"),
            "pyapps_source": "awx:pyapps",
            "pyapps_root": str(host.root),
            "pyapps_port": host.port,
            # As answers of a survey arrive: texts.
            "pyapps_gallery": "false",
            "pyapps_allow_removal": "false",
            "pyapps_trusted_proxies": "127.0.0.1,::1",
            "pyapps_secrets": json.dumps({self.app.name: {"env": {"API_KEY": CANARY}}}),
        }

    def _write(self, path: str, text: str) -> None:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def update_project(self) -> None:
        """Install the collection as the update of a project does."""
        build = [TOOLS / "ansible-galaxy", "collection", "build", "--output-path", self.project / "archives"]
        assert run(build, CHECKOUT).returncode == 0
        (archive,) = (self.project / "archives").iterdir()
        wanted = {"collections": [{"name": "archives/" + archive.name, "type": "file"}]}
        self._write("project/collections/requirements.yml", yaml.safe_dump(wanted))
        install = [TOOLS / "ansible-galaxy", "collection", "install", "-r", "collections/requirements.yml"]
        done = run([*install, "-p", self.folder / "requirements_collections"], self.project)
        assert done.returncode == 0

    def job(self, ident: str, **variables: object) -> tuple[int, list[dict[str, t.Any]]]:
        """Run the site playbook; its exit code, and its events in their order."""
        self._write("env/extravars", json.dumps({**self._variables, **variables}))
        done = run(
            [TOOLS / "ansible-runner", "run", self.folder, "-p", "playbooks/site.yml", "--ident", ident],
            self.folder,
            ANSIBLE_COLLECTIONS_PATH=str(self.folder / "requirements_collections"),
            PATH=str(TOOLS) + os.pathsep + os.environ["PATH"],
        )
        files = (self.folder / "artifacts" / ident / "job_events").glob("*.json")
        events = sorted((json.loads(file.read_text()) for file in files), key=lambda event: int(event["counter"]))
        return done.returncode, events


@pytest.fixture(scope="module")
def runner(host: SiteHost) -> Runner:
    """Below the host's folder, because its apps' user must reach it."""
    runner = Runner(host.folder / "runner", host)
    runner.update_project()
    return runner


def failures(events: list[dict[str, t.Any]]) -> list[tuple[str, str]]:
    """Task and message of each failure."""
    failed = [event["event_data"] for event in events if event["event"] == "runner_on_failed"]
    return [(data["task"], data["res"]["msg"]) for data in failed]


def test_a_job_serves_the_apps_of_the_project(runner: Runner, host: SiteHost) -> None:
    """Variables come as a survey gives them; no event has a secret."""
    code, events = runner.job("served")
    assert code == 0
    assert failures(events) == []
    stats = events[-1]
    assert stats["event"] == "playbook_on_stats"
    assert stats["event_data"]["changed"]["localhost"] > 0
    assert get("127.0.0.1", host.port, "/awx/_stcore/health", 20)[2] == b"ok"
    assert get("127.0.0.1", host.port, "/", 20)[0] == 404
    assert CANARY not in json.dumps(events)


def test_a_refused_app_fails_the_job_and_an_event_names_it(runner: Runner, host: SiteHost) -> None:
    """The old version serves on."""
    (runner.app / "main.py").write_text("import no_such_module_of_mine\n")
    code, events = runner.job("refused")
    assert code == 2
    ((task, message),) = failures(events)
    assert task == "Fail when an app has failed"
    assert runner.app.name in message
    assert "no_such_module_of_mine" in json.dumps([event["stdout"] for event in events])
    assert events[-1]["event_data"]["failures"] == {"localhost": 1}
    assert get("127.0.0.1", host.port, "/awx/_stcore/health", 20)[2] == b"ok"


def test_a_secret_that_is_missing_is_refused_before_anything_changes(runner: Runner) -> None:
    code, events = runner.job("no-secret", pyapps_secrets="{}")
    assert code == 2
    ((task, message),) = failures(events)
    assert task == "Validate every setup.toml"
    assert message == "1 mistake in what apps bring, told above. Nothing was changed."
    assert "API_KEY has no value" in "".join(event["stdout"] for event in events)
    assert not [event for event in events if event["event_data"].get("play") == "Serve the apps"]
