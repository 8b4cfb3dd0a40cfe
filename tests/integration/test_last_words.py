# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person reads last when something failed: the table, and each mistake once."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from helpers.checkout import CHECKOUT, run_playbook

TABLE = """\
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.include_role:
        name: selfhost.pyapps.pyapps
        tasks_from: table
        rolespec_validate: false
      vars:
        _pyapps_told:
          apps: [{name: app_1, base_path: /app-1}, {name: app_2, base_path: /app-2}]
          app_results: "{{ results }}"
          url: http://localhost
          invalid: "{{ broken | default({}) }}"
"""
WELL = {"state": "ok", "note": "live"}
FAILED = {"state": "failed", "step": "script", "reason": "the script raised an exception", "log": ["line 1", "line 2"]}
# What follows the table's last line: `ok: [localhost]`, a blank, and the two lines of the recap.
AFTER = 4


@pytest.fixture(params=["ours", "ansible's own"])
def environment(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """With our ansible.cfg, and without it, as where the collection is installed."""
    if request.param == "ours":
        return {}
    own = tmp_path / "none.cfg"
    own.write_text("")
    return {"ANSIBLE_CONFIG": str(own), "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / "collections")}


def show(tmp_path: Path, environment: dict[str, str], **variables: t.Any) -> tuple[int, list[str]]:
    book = tmp_path / "table.yml"
    book.write_text(TABLE)
    done = run_playbook(book, "-i", "localhost,", "-c", "local", "-e", json.dumps(variables), environment=environment)
    return done.returncode, done.stdout.rstrip().splitlines()


def test_nothing_follows_a_failed_table_that_buries_it(tmp_path: Path, environment: dict[str, str]) -> None:
    """S0-24: the table with its log is the last thing but for Ansible's recap."""
    code, lines = show(tmp_path, environment, results={"app_1": WELL, "app_2": FAILED})
    assert code == 2
    assert lines[-AFTER - 1] == "    | line 2"
    assert "app_2 failed at step script: the script raised an exception" in lines
    assert any("1 of 2 apps failed: app_2 (script). The table below says why." in line for line in lines)


def test_an_app_with_faulty_files_fails_the_run_too(tmp_path: Path, environment: dict[str, str]) -> None:
    code, lines = show(tmp_path, environment, results={"app_1": WELL}, broken={"app_2": ["setup.toml: titel: no key"]})
    assert code == 2
    assert lines[-AFTER - 1] == "app_2 failed at step validate: setup.toml: titel: no key"
    assert any("1 of 2 apps failed: app_2 (validate). " in line for line in lines)


def test_a_table_without_failures_fails_nothing(tmp_path: Path) -> None:
    code, lines = show(tmp_path, {}, results={"app_1": WELL, "app_2": WELL})
    assert (code, "failed=0" in lines[-1]) == (0, True)


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({}, "streamlit.entry_fil: is not a key of this file: did you mean streamlit.entry_file?"),
        ({"pyapps_frontt": "caddy"}, "pyapps_frontt: is not a variable of this collection: did you mean pyapps_front?"),
        ({"pyapps_apps_dir": "{empty}", "pyapps_root": "/var/tmp/a;b"}, "pyapps_root: found "),
    ],
    ids=["a file", "a variable", "the host"],
)
def test_a_mistake_is_told_once(
    tmp_path: Path, environment: dict[str, str], variables: dict[str, str], said: str
) -> None:
    """S0-02: not again as Ansible's error, its message and its result."""
    app, empty = tmp_path / "apps" / "one", tmp_path / "empty"
    app.mkdir(parents=True)
    empty.mkdir()
    (app / "setup.toml").write_text('[streamlit]\nentry_fil = "main.py"\n')
    given = {"pyapps_root": str(tmp_path / "root"), "pyapps_apps_dir": str(tmp_path / "apps")}
    given.update({name: value.format(empty=empty) for name, value in variables.items()})
    inventory = CHECKOUT / "inventories" / "quickstart"
    done = run_playbook("site.yml", "-i", inventory, "-e", json.dumps(given), environment=environment)
    assert done.returncode == 2
    assert done.stdout.count(said) == 1
    assert "told above. Nothing was changed." in done.stdout
