# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A second kind needs two rows, and no change anywhere else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.action.releases import name_releases
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.app_env import name_fault
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.applied_catalog import applied_entry, front_part
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.reader import read_catalog
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy import starter as _starter
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.caddy.site import caddy_config
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.nginx.site import nginx_site
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.routes import FrontSettings, app_routes
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.generator import HostOptions
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.page_checks import page_check_of
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.pages import page_of
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.registry import kind_of
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.endpoint import Endpoint
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import Result
from ansible_collections.selfhost.pyapps.plugins.module_utils._releases import step as _release_step
from ansible_collections.selfhost.pyapps.plugins.module_utils._releases.step import Request, make_releases
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import drain as _drain, serving as _serving
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_record import InstanceRecord
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_state import health_problem
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.release_archive import write_archive
from helpers.second_kind import SCRIPT, add_plain_kind

INSTANCE = "0" * 32


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    add_plain_kind(monkeypatch)
    # Users of apps are made by host_layout; tests/integration has them.
    monkeypatch.setattr(_release_step, "_group", lambda app: None)


@pytest.fixture
def apps(tmp_path: Path) -> Path:
    """A folder with one app of this kind, and one of Streamlit's."""
    for name, table, script in (("plain", '[plain]\nscript = "app.py"\nport = 8001\n', SCRIPT), ("st", "", "")):
        (tmp_path / "apps" / name).mkdir(parents=True)
        (tmp_path / "apps" / name / "app.py").write_text(script)
        (tmp_path / "apps" / name / "setup.toml").write_text(table or '[streamlit]\nentry_file = "app.py"\n')
    return tmp_path / "apps"


def entries(apps: Path) -> list[dict[str, t.Any]]:
    catalog = read_catalog(str(apps))
    assert catalog.errors == []
    return catalog.apps


def test_the_catalog_reads_it_beside_the_other(apps: Path) -> None:
    one, other = entries(apps)
    assert (one["kind"], other["kind"]) == ("plain", "streamlit")
    assert one["plain"] == {"script": "app.py", "port": 8001}
    assert (one["base_path"], one["route"]["max_upload_mb"]) == ("/plain", 10)
    assert one["environment"]["files"] == {"requirements.txt": ""}
    assert "streamlit" not in one
    assert name_fault("STREAMLIT_SERVER_PORT")


def test_what_is_wrong_is_told_of_its_own_table(apps: Path) -> None:
    (apps / "st" / "setup.toml").write_text('[plain]\nscript = "app.py"\nport = 8001\nbase_path = "/plain"\n')
    (apps / "plain" / "requirements.txt").write_text("idna\n")
    told = "\n".join(error.as_line() for error in read_catalog(str(apps)).errors)
    assert "plain.port: is also the port of the app of" in told
    assert "plain.base_path: is also the path of the app of" in told


def test_an_app_is_of_one_kind(apps: Path) -> None:
    (apps / "plain" / "setup.toml").write_text('[plain]\nscript = "app.py"\n[streamlit]\nentry_file = "app.py"\n')
    (error,) = read_catalog(str(apps)).errors
    assert "an app is of one kind" in error.as_line()


def released(apps: Path, layout: Layout) -> tuple[dict[str, t.Any], str]:
    """The app's entry and its release, made on a host."""
    entry = next(entry for entry in entries(apps) if entry["kind"] == "plain")
    for folder in (layout.app("plain").releases, layout.app("plain").data, os.path.join(layout.envs, "e", "bin")):
        os.makedirs(folder)
    os.symlink(sys.executable, os.path.join(layout.envs, "e", "bin", "python"))
    files, results = name_releases([entry], {"plain": Result(environment="e")}, HostOptions())
    archive = str(apps / "archive.tar")
    write_archive(archive, files, {"plain": []})
    answer = make_releases(Request(layout, [entry], results, HostOptions(), archive))
    assert answer.results["plain"].reason == ""
    return entry, answer.results["plain"].release or ""


def test_a_release_holds_its_files_and_nothing_of_another_kind(apps: Path, tmp_path: Path) -> None:
    layout = Layout(str(tmp_path / "root"))
    entry, release = released(apps, layout)
    assert os.listdir(layout.app("plain").code(release)) == ["app.py"]
    record = json.loads(Path(layout.app("plain").release(release), "release.json").read_text())
    assert (record["kind"], record["settings"]["plain"]) == ("plain", entry["plain"])
    changed = {**entry, "plain": {**entry["plain"], "port": 8002}}
    _files, named = name_releases([changed], {"plain": Result(environment="e")}, HostOptions())
    assert named["plain"].release == release


def test_its_process_listens_where_it_is_told_and_is_well(apps: Path, tmp_path: Path) -> None:
    layout = Layout(str(tmp_path / "root"))
    entry, release = released(apps, layout)
    record = InstanceRecord("plain", INSTANCE, 20001, release, "2026-11-21T07:42:00Z")
    os.makedirs(layout.app("plain").instances)
    Path(layout.app("plain").instance(INSTANCE)).write_text(record.to_json())
    plan = _starter.plan(layout, "plain", INSTANCE)
    assert plan.command == [os.path.join(layout.envs, "e", "bin", "python"), "app.py", "20001", ""]
    endpoint = Endpoint(path=str(tmp_path / "s"))
    command = kind_of(entry).start_command(entry, sys.executable, endpoint)
    assert "socket %s" % endpoint.path in (health_problem(entry, endpoint) or "")
    with subprocess.Popen(command, cwd=plan.folder, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 30
        while health_problem(entry, endpoint) and time.monotonic() < deadline:
            time.sleep(0.05)
        problem = health_problem(entry, endpoint)
        process.kill()
    assert problem is None


def test_it_has_no_page_no_check_and_no_sessions(apps: Path, tmp_path: Path) -> None:
    layout = Layout(str(tmp_path / "root"))
    entry, release = released(apps, layout)
    app, record = layout.app("plain"), InstanceRecord("plain", INSTANCE, 20001, release, "2026-11-21T07:42:00Z")
    page = page_of(layout, entry, None, INSTANCE, 20001)
    assert (page, page_check_of(entry)) == (None, None)
    os.makedirs(app.serving)
    _serving.make_marker(app, record, page)
    _serving.switch(app, record)
    assert os.listdir(app.live) == ["20001.port"]
    assert _drain.idle_seconds(entry) == 0
    assert _drain.sessions(app, record) == 0


def test_both_fronts_pass_everything_on_to_it(apps: Path) -> None:
    layout = Layout("/srv/x")
    plain_one, other = entries(apps)
    alone = app_routes(layout, [plain_one])
    settings = FrontSettings(layout=layout, port=80)
    assert (alone[0].pinned, alone[0].stream, alone[0].health) == (False, "", "/plain/health")
    for render in (nginx_site, caddy_config):
        text = render(alone, settings)
        assert "/plain/" in text
        assert "_stcore" not in text
        assert "/plain/~" not in text
        assert "_stcore" in render(app_routes(layout, [plain_one, other]), settings)


def test_another_app_can_be_deployed_alone(apps: Path) -> None:
    plain_one, _other = entries(apps)
    applied = applied_entry(plain_one)
    assert (applied["kind"], applied["plain"]) == ("plain", {})
    assert not {"kind", "plain"} & set(front_part(applied))
