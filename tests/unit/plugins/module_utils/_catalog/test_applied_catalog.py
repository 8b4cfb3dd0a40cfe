# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is applied to a host, and what a front has to learn."""

from __future__ import annotations

import json
import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog import applied_catalog as _applied_catalog
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.last_run import look
from ansible_collections.selfhost.pyapps.plugins.modules import applied_catalog, host_plan
from helpers.modules import run_module
from helpers.processes import free_port


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(str(tmp_path))


def app(name: str, **different: t.Any) -> dict[str, t.Any]:
    """An entry of the catalog."""
    entry: dict[str, t.Any] = {
        "name": name,
        "folder": "/apps/" + name,
        "title": "An app",
        "kind": "streamlit",
        "owner": {"name": ""},
        "base_path": "/" + name,
        "gallery": {"listed": True},
        "route": {"pinned": True, "max_upload_mb": 200, "allowed_origins": [], "frame_ancestors": []},
        "streamlit": {"entry_file": "main.py", "port": None, "config": {}},
        "env": {"MODE": "quick"},
        "deploy": {"keep": 5},
    }
    return {**entry, **different}


def test_a_bare_host_has_nothing_applied(layout: Layout) -> None:
    assert _applied_catalog.read_applied(layout) == {"source": None, "url": "", "apps": []}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"apps": 1}', "\0"])
def test_an_applied_catalog_that_is_not_ours_is_refused(layout: Layout, text: str) -> None:
    os.makedirs(layout.etc)
    Path(layout.catalog).write_text(text)
    with pytest.raises(ValueError, match=r".+"):
        _applied_catalog.read_applied(layout)


def test_the_applied_catalog_is_read(layout: Layout) -> None:
    os.makedirs(layout.etc)
    Path(layout.catalog).write_text(json.dumps({"source": "here", "apps": [{"name": "app_1"}]}))
    assert _applied_catalog.read_applied(layout)["source"] == "here"


def test_no_value_of_a_variable_is_written_down() -> None:
    """C-11: everybody on the host may read the file."""
    assert "quick" not in json.dumps(_applied_catalog.applied_entry(app("one")))


@pytest.mark.parametrize(
    ("different", "differs"),
    [
        ({}, False),
        ({"env": {"MODE": "slow"}}, False),
        ({"deploy": {"keep": 9}}, False),
        ({"title": "Another title"}, True),
        ({"base_path": "/elsewhere"}, True),
        ({"route": {"pinned": True, "max_upload_mb": 500, "allowed_origins": [], "frame_ancestors": []}}, True),
        ({"streamlit": {"port": None, "config": {"server.trustedUserHeaders": {"X-User": "user"}}}}, True),
        ({"streamlit": {"port": None, "config": {"theme.base": "dark"}}}, False),
    ],
)
def test_a_front_learns_what_it_shows_or_routes(different: dict[str, t.Any], differs: bool) -> None:
    applied = {"apps": [_applied_catalog.applied_entry(app(name)) for name in ("one", "two")]}
    assert _applied_catalog.front_differs(applied, [app("one", **different)]) is differs


def test_a_front_learns_of_a_new_app() -> None:
    assert _applied_catalog.front_differs({"apps": []}, [app("one")])


@pytest.mark.parametrize(
    ("different", "records"),
    [
        ({}, False),
        ({"url": "http://other"}, True),
        ({"source": "there", "adopt_source": True}, True),
        ({"catalog": [app("one", title="Another")]}, True),
        ({"catalog": [app("one", env={"MODE": "slow"})]}, False),
        ({"catalog": [app("one", title="Another")], "only": ["one"], "preview": True}, False),
        ({"catalog": [app("one", title="Another")], "only": ["one"]}, True),
        ({"url": "http://other", "only": ["one"]}, False),
    ],
)
def test_what_is_applied_is_written_down_when_it_will_be_something_else(
    layout: Layout, different: dict[str, t.Any], records: bool
) -> None:
    said = {"source": "here", "front": "nginx", "url": "http://localhost"}
    os.makedirs(layout.etc)
    Path(layout.supervisor_conf).parent.mkdir(parents=True, exist_ok=True)
    Path(layout.supervisor_conf).touch()
    run_module(applied_catalog, root=layout.root, apps=[app("one")], plan=look(layout), **said)
    wanted = {"apps": ["one"], "catalog": [app("one")], "capacity": "ignore", "port": free_port(), **said, **different}
    found = run_module(host_plan, root=layout.root, **wanted)
    assert found.get("records") is records, found
