# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which apps of a container are refused; the proofs themselves are the gate's."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy import gate as _gate
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._images import gate as _container_gate
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import instance_state as _instance_state
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_record import InstanceRecord

RELEASE = "f" * 16


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    """As without root, where all processes have one owner."""
    monkeypatch.setattr(_instance_state, "process_owner", lambda name: (None, os.geteuid()))
    return Layout(str(tmp_path))


def put_into_image(layout: Layout, name: str) -> None:
    record = Path(layout.image_record)
    apps = json.loads(record.read_text())["apps"] if record.exists() else {}
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text(json.dumps({"apps": {**apps, name: {"release": RELEASE}}}))


def add(layout: Layout, name: str, gate: str) -> None:
    """An app with a live instance."""
    put_into_image(layout, name)
    app, record = layout.app(name), InstanceRecord(name, "ab" * 16, 20001, RELEASE, "2026-01-01T00:00:00Z")
    os.makedirs(app.instances)
    Path(app.instance(record.instance)).write_text(record.to_json())
    os.makedirs(app.marker(record.instance, record.port))
    os.symlink(os.path.relpath(app.marker(record.instance, record.port), app.path), app.live)
    os.makedirs(app.release(RELEASE))
    settings = {"kind": "streamlit", "base_path": "/" + name, "deploy": {"gate": gate}}
    content = {"app": name, "release": RELEASE, "kind": "streamlit", "settings": settings}
    Path(app.release(RELEASE), "release.json").write_text(json.dumps(content))


def test_each_app_gives_the_proofs_that_its_settings_ask_for(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    add(layout, "good", "health")
    add(layout, "bad", "script")

    def prove(candidate: _gate.Candidate) -> None:
        candidate.say("gate %s, port %d" % (candidate.deploy.gate, candidate.record.port))
        if candidate.record.app == "bad":
            raise _gate.GateError("script", "the script raised an exception: KeyError", ["Traceback", "KeyError: 'x'"])

    monkeypatch.setattr(_gate, "prove", prove)
    said: list[str] = []
    (refused,) = _container_gate.refusals(layout, said.append)
    assert refused == "bad: script: the script raised an exception: KeyError\n    Traceback\n    KeyError: 'x'"
    assert sorted(said) == ["bad: gate script, port 20001", "good: gate health, port 20001"]
    assert _container_gate.main(layout) == 1


def test_an_app_that_never_started_is_refused(layout: Layout) -> None:
    put_into_image(layout, "lost")
    (refused,) = _container_gate.refusals(layout, print)
    assert refused.startswith("lost: start: it has no instance")


def test_a_supervisor_that_does_not_answer_is_no_approval(layout: Layout) -> None:
    add(layout, "one", "script")
    (refused,) = _container_gate.refusals(layout, print)
    assert "supervisord does not answer" in refused


def test_nothing_refused_is_a_success(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    add(layout, "one", "script")
    monkeypatch.setattr(_gate, "prove", lambda candidate: None)
    assert _container_gate.main(layout) == 0


def test_what_a_volume_holds_of_apps_that_have_left_is_not_asked(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(layout, "one", "script")
    os.makedirs(layout.app("left").data)
    monkeypatch.setattr(_gate, "prove", lambda candidate: None)
    assert _container_gate.refusals(layout, print) == []


def test_elsewhere_nothing_is_approved(layout: Layout) -> None:
    assert _container_gate.main(layout) == 1
