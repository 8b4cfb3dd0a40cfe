# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy import starter as _starter
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_record import InstanceRecord

INSTANCE = "0" * 32
SETTINGS = {"base_path": "/app-1", "streamlit": {"entry_file": "app_1.py"}, "env": {"LANG": "de", "PYAPPS_APP": "x"}}
RELEASE = {"kind": "streamlit", "environment": "ab", "settings": SETTINGS}


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(str(tmp_path))
    place = layout.app("app_1")
    record = InstanceRecord("app_1", INSTANCE, 20001, "f" * 16, "2026-11-21T07:42:00Z")
    for folder in (place.instances, place.release(record.release), os.path.join(layout.envs, "ab", "bin")):
        os.makedirs(folder)
    Path(place.instance(INSTANCE)).write_text(record.to_json())
    Path(place.release(record.release), "release.json").write_text(json.dumps(RELEASE))
    Path(layout.envs, "ab", "bin", "python").write_text("")
    return layout


def change_release(layout: Layout, release: t.Any) -> None:
    text = release if isinstance(release, str) else json.dumps(release)
    Path(layout.app("app_1").release("f" * 16), "release.json").write_text(text)


def test_the_plan_of_a_process(layout: Layout) -> None:
    """S0-44: [env] may change what is usual, but not who the app is."""
    plan = _starter.plan(layout, "app_1", INSTANCE)
    programs = layout.envs + "/ab/bin/"
    assert plan.command == [programs + "python", programs + "streamlit", "run", "app_1.py", "--server.port=20001"]
    assert plan.folder == layout.app("app_1").release("f" * 16) + "/code"
    assert plan.environment["LANG"] == "de"
    assert plan.environment["PYAPPS_APP"] == "app_1"


@pytest.mark.parametrize(
    ("files", "found"),
    [
        (["pyproject.toml", "src/sales/__init__.py"], True),
        (["setup.py", "src/sales/__init__.py"], True),
        (["src/sales/__init__.py"], False),
        (["pyproject.toml", "sales/__init__.py"], False),
    ],
)
def test_a_project_finds_its_own_packages(layout: Layout, files: list[str], found: bool) -> None:
    code = Path(layout.app("app_1").release("f" * 16), "code")
    for file in files:
        (code / file).parent.mkdir(parents=True, exist_ok=True)
        (code / file).touch()
    environment = _starter.plan(layout, "app_1", INSTANCE).environment
    assert environment.get("PYTHONPATH") == (str(code / "src") if found else None)


def test_secrets_win_over_settings_but_not_over_the_host(layout: Layout) -> None:
    """C-11: they come from a file beside the code, which the starter parses; no shell, no argv."""
    secrets = Path(layout.app("app_1").release("f" * 16), "secret-env.json")
    secrets.write_text(json.dumps({"LANG": "fr", "KEY": "a b\n'$x", "PYAPPS_APP": "y"}))
    plan = _starter.plan(layout, "app_1", INSTANCE)
    assert (plan.environment["LANG"], plan.environment["KEY"]) == ("fr", "a b\n'$x")
    assert plan.environment["PYAPPS_APP"] == "app_1"
    assert "$x" not in " ".join(plan.command)


def test_an_app_may_ask_a_database_whose_port_lies_among_those_of_apps(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which machine it asks, the kernel does not look at."""
    told: list[t.Any] = []
    monkeypatch.setattr(_starter._confinement, "is_possible", lambda: True)
    monkeypatch.setattr(_starter._confinement, "confine", lambda *ports: told.extend(map(set, ports)))
    _starter._confine(_starter.plan(layout, "app_1", INSTANCE))
    own, closed, handed_out = told
    assert own == {20001}
    assert {20000, 20002, 27016, 29999} <= closed
    assert not {27017, 25060, 26257, 30000} & closed
    assert handed_out == set(range(32768, 61000))


def test_an_app_that_the_host_does_not_confine_may_use_any_port(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = InstanceRecord.read(layout.app("app_1").instance(INSTANCE))
    Path(layout.app("app_1").instance(INSTANCE)).write_text(dataclasses.replace(record, confined=False).to_json())
    monkeypatch.setattr(_starter._confinement, "confine", lambda *ports: pytest.fail("it is confined"))
    _starter._confine(_starter.plan(layout, "app_1", INSTANCE))
    _starter._confine(_starter.plan_task(layout, "app_1", "f" * 16, "", ["true"]))


KEYRINGS = """
import os, sys
sys.path[:0] = {path!r}
from ansible_collections.selfhost.pyapps.plugins.module_utils._host import confinement as _confinement
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy import starter as _starter
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
number = _confinement._ARCHITECTURES[os.uname().machine].keyctl
_confinement._call(number, 1, None)
serial = "print(ctypes.CDLL(None).syscall(%d, 0, -3, 0), flush=True)" % number  # of the session's keyring
exec("import ctypes; " + serial)
_starter.task(Layout({root!r}), "app_1", "f" * 16, "", [sys.executable, "-c", "import ctypes; " + serial])
"""


def test_a_process_has_another_keyring_than_who_starts_it(layout: Layout) -> None:
    """All programs of a supervisord have one in common."""
    os.makedirs(layout.app("app_1").release("f" * 16) + "/code")
    script = KEYRINGS.format(path=[path for path in sys.path if path], root=layout.root)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    before, after = map(int, done.stdout.split())
    assert before > 0
    assert after > 0
    assert before != after


def test_damaged_secrets_are_one_line_that_shows_none(layout: Layout) -> None:
    Path(layout.app("app_1").release("f" * 16), "secret-env.json").write_text("{geheim")
    with pytest.raises(_starter.StartError, match=r"the secrets of release f{16} cannot be read") as error:
        _starter.plan(layout, "app_1", INSTANCE)
    assert "geheim" not in str(error.value)


@pytest.mark.parametrize(
    ("release", "reason"),
    [
        ("{", "cannot be read"),
        ("[]", "not a release"),
        ({}, "not a release"),
        ({**RELEASE, "kind": "cobol"}, "'cobol' is not known"),
        ({**RELEASE, "settings": None}, "not a release"),
        ({**RELEASE, "environment": "gone"}, "environment is gone"),
    ],
)
def test_a_half_release_is_one_line(layout: Layout, release: t.Any, reason: str) -> None:
    """S0-47: never a traceback, always the file."""
    change_release(layout, release)
    with pytest.raises(_starter.StartError, match=reason) as error:
        _starter.plan(layout, "app_1", INSTANCE)
    assert "\n" not in str(error.value)
    assert layout.root in str(error.value)


def test_who_was_adopted_by_another_process_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """S0-46: supervisord was killed before its child could ask the kernel to be killed with it."""
    assert not _starter._is_orphan(os.getpid())
    monkeypatch.setenv("SUPERVISOR_ENABLED", "1")
    assert _starter._is_orphan(os.getpid())
