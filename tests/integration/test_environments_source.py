# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages that have to be built from source: refused unless the app allows it, and then nobody else is touched."""

from __future__ import annotations

import io
import json
import os
import pwd
import secrets
import subprocess
import tarfile
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import app_user
from ansible_collections.selfhost.pyapps.plugins.modules import environment_sbom
from helpers.environment_host import Host, app, imports, temporary_host, two_wheels
from helpers.modules import run_module

# A build backend that needs nothing: the package it makes tells who has built it, and what that one could reach.
BACKEND = """
import json, os, zipfile

def told():
    found = {"uid": os.getuid(), "home": os.environ["HOME"]}
    try:
        found["cache"] = os.listdir(%(cache)r)
    except OSError as error:
        found["cache"] = type(error).__name__
    return "TOLD = " + repr(json.dumps(found))

def build_wheel(folder, config_settings=None, metadata_directory=None):
    name = "sourced-1.0-py3-none-any.whl"
    info = "sourced-1.0.dist-info/"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        wheel.writestr("sourced.py", told() + chr(10))
        wheel.writestr(info + "METADATA", chr(10).join(["Metadata-Version: 2.1", "Name: sourced", "Version: 1.0", ""]))
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0" + chr(10) + "Tag: py3-none-any" + chr(10))
        wheel.writestr(info + "RECORD", "")
    return name
"""
PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""
INFO = "Metadata-Version: 2.1\nName: sourced\nVersion: 1.0\n"


@pytest.fixture
def host() -> t.Iterator[Host]:
    with temporary_host() as made:
        yield made


@pytest.fixture
def sources(host: Host) -> Path:
    """A folder with wheels, and one package without."""
    folder = two_wheels(host)
    files = {"pyproject.toml": PYPROJECT, "backend.py": BACKEND % {"cache": host.layout.cache}, "PKG-INFO": INFO}
    with tarfile.open(folder / "sourced-1.0.tar.gz", "w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo("sourced-1.0/" + name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return folder


@pytest.fixture
def name() -> t.Iterator[str]:
    """An app's name; as root it has the user that the module ``host_layout`` makes."""
    found = "src-" + secrets.token_hex(3)
    if os.geteuid() == 0:
        subprocess.run(["useradd", "--system", "--shell", "/usr/sbin/nologin", app_user(found)], check=True)
    yield found
    if os.geteuid() == 0:
        subprocess.run(["userdel", app_user(found)], check=True)


def test_without_leave_nothing_is_built(host: Host, sources: Path, name: str) -> None:
    """S0-24: the reason names the package and the key that would allow it."""
    result = host.make(app(name, "sourced\n"), wheelhouse=str(sources))["app_results"][name]
    assert result["state"] == "failed"
    assert "sourced" in result["reason"]
    assert "[environment] allow_build = true" in result["reason"]


def test_a_package_is_built_as_the_apps_user_away_from_what_others_use(host: Host, sources: Path, name: str) -> None:
    """S0-22: not as root, not as who builds the others' environments, and with a cache that is gone afterwards."""
    wanted = app(name, "sourced\nalpha\n", allow_build=True)
    result = host.make(wanted, wheelhouse=str(sources))["app_results"][name]
    assert result["state"] == "ok", result
    told = json.loads(imports(result["python"], "import sourced, alpha; print(sourced.TOLD)"))
    if os.geteuid() == 0:
        assert told["uid"] == pwd.getpwnam(app_user(name)).pw_uid
        assert told["cache"] == "PermissionError"
    assert not os.path.exists(told["home"])
    assert host.environments() == [result["environment"]]
    assert host.make(wanted, wheelhouse=str(sources))["changed"] is False


def test_a_package_that_was_built_is_listed(host: Host, sources: Path, name: str, tmp_path: Path) -> None:
    """What uv has to build to read it is built as the app's user again."""
    wanted = app(name, "sourced\n", allow_build=True)
    results = host.make(wanted, wheelhouse=str(sources))["app_results"]
    given = {"root": host.root, "wheelhouse": str(sources), "folder": str(tmp_path)}
    report = run_module(environment_sbom, apps=[wanted], results=results, **given)
    (file,) = report["written"]
    assert [part["name"] for part in json.loads((tmp_path / file).read_text())["components"]] == ["sourced"]


def test_who_has_not_allowed_it_has_another_environment(host: Host, sources: Path, name: str) -> None:
    """S0-22: files are shared nevertheless, bytecode included: no code of a package runs where they are made."""
    apps = [app(name, "alpha\n", allow_build=True), app("other", "alpha\n")]
    results = host.make(*apps, wheelhouse=str(sources))["app_results"]
    assert results[name]["environment"] != results["other"]["environment"]
    inodes = []
    for result in results.values():
        folder = next(Path(result["path"]).glob("lib/python*/site-packages"))
        files = (folder / "alpha.py", next(folder.glob("__pycache__/alpha.*")))
        inodes.append([os.stat(path).st_ino for path in files])
    assert inodes[0] == inodes[1]


@pytest.mark.skipif(os.geteuid() != 0, reason="without root there is one user for everything")
def test_without_the_apps_user_nothing_is_built(host: Host, sources: Path) -> None:
    """S0-24."""
    result = host.make(app("nobodys", "sourced\n", allow_build=True), wheelhouse=str(sources))["app_results"]["nobodys"]
    assert "the user %s is missing" % app_user("nobodys") in result["reason"]
