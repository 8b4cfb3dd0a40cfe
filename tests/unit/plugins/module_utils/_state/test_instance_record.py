# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import dataclasses
import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_record import (
    InstanceRecord,
    RecordError,
    instance_program,
    system_python,
)

INSTANCE = "0123456789abcdef" * 2
RECORD = InstanceRecord("app_1", INSTANCE, 20001, "fedcba9876543210", "2026-11-21T07:42:00Z")


def written(tmp_path: Path, text: str) -> str:
    folder = tmp_path / "app_1" / "instances"
    folder.mkdir(parents=True)
    path = folder / (INSTANCE + ".json")
    path.write_text(text)
    return str(path)


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert InstanceRecord.read(written(tmp_path, RECORD.to_json())) == RECORD


def test_a_record_that_is_older_than_a_key_is_read(tmp_path: Path) -> None:
    older = json.loads(RECORD.to_json())
    del older["app_ports"], older["idle_seconds"], older["grace_seconds"], older["confined"]
    assert InstanceRecord.read(written(tmp_path, json.dumps(older))) == dataclasses.replace(RECORD, confined=None)
    assert RECORD.app_ports == "20000-29999"


@pytest.mark.parametrize(
    "change",
    [
        {"port": "20001"},
        {"port": True},
        {"port": 80},
        {"port": 70000},
        {"instance": "f" * 32},
        {"instance": None},
        {"release": "../../etc"},
        {"created": None},
        {"app_ports": "20000-29999,8501\n"},
        {"app_ports": None},
        {"idle_seconds": -1},
        {"idle_seconds": "8"},
        {"idle_seconds": True},
        {"grace_seconds": -1},
        {"grace_seconds": "8"},
        {"confined": "no"},
    ],
)
def test_a_damaged_record_is_refused_by_name(tmp_path: Path, change: dict[str, t.Any]) -> None:
    path = written(tmp_path, json.dumps({**json.loads(RECORD.to_json()), **change}))
    with pytest.raises(RecordError, match=path):
        InstanceRecord.read(path)


@pytest.mark.parametrize("text", ["", "[]", "{", "null", '{"instance": 1'])
def test_half_a_record_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(RecordError, match="not a record"):
        InstanceRecord.read(written(tmp_path, text))


def test_a_missing_record_is_told(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="No such file"):
        InstanceRecord.read(str(tmp_path / "x.json"))


def test_the_program_knows_names_and_no_secret() -> None:
    """S0-43: its command is our starter; release, settings and environment are read when it starts."""
    text = instance_program(RECORD, Layout("/"), "pyapp-app_1")
    lines = text.splitlines()
    assert lines[1] == "[program:app_1.%s]" % INSTANCE
    assert lines[2] == "command=%s -I /srv/pyapps/tools/pyapps.pyz start / app_1 %s" % (system_python(), INSTANCE)
    assert "user=pyapp-app_1" in lines
    assert "environment" not in text


def test_without_root_there_is_no_user() -> None:
    assert "user=" not in instance_program(RECORD, Layout("/home/me/pyapps"), None)
