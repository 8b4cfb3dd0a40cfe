# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The calls of our modules that a role would make, read from its tasks."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.selfhost.pyapps.plugins.action.run_plan import _ANSWERS
from ansible_collections.selfhost.pyapps.plugins.plugin_utils import _role_tasks
from ansible_collections.selfhost.pyapps.plugins.plugin_utils._role_tasks import Call, RoleTasks

MAIN = """
- name: Follow
  ansible.builtin.import_tasks: more.yml
  when: demo_state == 'present'
- name: Not ours
  ansible.builtin.command: rm -rf /
- name: Not asked
  selfhost.pyapps.unknown: {}
- name: Left out
  selfhost.pyapps.programs: {}
  when: [demo_state == 'absent', true]
"""
MORE = """
- name: Run the daemon
  selfhost.pyapps.daemon:
    root: "{{ demo_root }}"
    python: "{{ demo_python | default(omit, true) }}"
  register: __demo_daemon
- name: Run the watcher
  selfhost.pyapps.programs:
    programs: ["{{ __demo_daemon.watcher }}"]
    inner: "{{ _demo_inner }}"
"""


@pytest.fixture
def role(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in {
        "defaults/main.yml": "demo_state: present\ndemo_root: /default\ndemo_python: ''\n",
        "vars/main.yml": "_demo_inner: 'in {{ demo_root }}'\n",
        "tasks/main.yml": MAIN,
        "tasks/more.yml": MORE,
    }.items():
        path = tmp_path / "demo" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(_role_tasks, "ROLES", str(tmp_path))
    return tmp_path / "demo"


def calls(**variables: t.Any) -> list[Call]:
    templar = Templar(loader=DataLoader(), variables=variables)
    tasks = RoleTasks("demo", templar, variables, {"daemon", "programs"})
    return list(tasks.calls(lambda module: {"watcher": "the watcher of %s" % module}))


def test_arguments_are_what_a_run_of_the_role_would_give(role: Path) -> None:
    daemon, programs = calls(demo_root="/srv")
    assert daemon == Call("daemon", {"root": "/srv"})
    assert programs == Call("programs", {"programs": ["the watcher of daemon"], "inner": "in /srv"})


def test_defaults_of_the_role_hold_where_nothing_is_given(role: Path) -> None:
    assert calls()[0].arguments == {"root": "/default"}


def test_tasks_whose_conditions_do_not_hold_are_left_out(role: Path) -> None:
    assert [call.module for call in calls(demo_state="absent")] == ["programs"]
    assert calls(demo_state="other") == []


def test_what_cannot_be_told_before_is_an_error(role: Path) -> None:
    (role / "tasks/main.yml").write_text("- selfhost.pyapps.daemon: {root: '{{ not_known_yet.path }}'}\n")
    with pytest.raises(AnsibleError):
        calls()


CALLS = {
    "supervisor": ["environments", "supervisor_daemon", "supervisor_programs"],
    "streamlit_app": ["environments", "streamlit_assets", "releases", "instances"],
    "nginx": ["nginx_site"],
    "caddy": ["environments", "caddy_site", "supervisor_programs"],
    "healthcheck": ["healthcheck_settings", "healthcheck_schedule"],
}


@pytest.mark.parametrize("name", CALLS)
def test_the_roles_of_a_run_can_be_read(name: str) -> None:
    """A role whose tasks cannot be told before would never be left out."""
    variables = {"ansible_check_mode": False, name + "_service_manager": "sysv", "healthcheck_notify_webhook": ""}
    variables.update({"inventory_hostname": "localhost", "streamlit_app_apps": [], "nginx_apps": [], "caddy_apps": []})
    templar = Templar(loader=DataLoader(), variables=variables)
    found = RoleTasks(name, templar, variables, _ANSWERS).calls(lambda module: dict.fromkeys(_ANSWERS[module], "?"))
    assert [call.module for call in found] == CALLS[name]
