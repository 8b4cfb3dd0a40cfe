# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from ansible_collections.selfhost.pyapps.plugins.modules import setup_toml
from helpers.apps import make_app


def run(path: Path, capsys: pytest.CaptureFixture[str], check_mode: bool = False) -> dict[str, Any]:
    """The module's answer, as Ansible gets it."""
    with patch_module_args({"path": str(path), "_ansible_check_mode": check_mode}), pytest.raises(SystemExit):
        setup_toml.main()
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def test_it_returns_the_apps_and_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_app(tmp_path / "b")
    make_app(tmp_path / "a")
    (tmp_path / "notes.txt").touch()
    answer = run(tmp_path, capsys)
    assert [app["name"] for app in answer["apps"]] == ["a", "b"]
    assert answer["changed"] is False
    assert answer["notices"] == ["%s: is ignored: it is not a folder" % (tmp_path / "notes.txt")]
    answer.pop("invocation")
    in_check_mode = run(tmp_path, capsys, check_mode=True)
    in_check_mode.pop("invocation")
    assert in_check_mode == answer


def test_it_fails_with_all_errors_one_per_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """S0-04, S0-06, S0-07: the message has file, key, value and what is allowed; errors has the same as data."""
    make_app(tmp_path / "a", '[streamlit]\nport = 70000\nentry_file = "none.py"\ntypo = 1\n')
    answer = run(tmp_path, capsys)
    assert answer["failed"] is True
    assert answer["msg"].splitlines() == [
        "%s: %s" % (tmp_path / "a" / "setup.toml", rest)
        for rest in (
            "streamlit.typo: is not a key of this file: remove it"
            " (found: an integer; allowed: entry_file, base_path, port, config)",
            "streamlit.port: is out of range (found: 70000; allowed: an integer from 1024 to 65535"
            " but not from 32768 to 60999)",
            "streamlit.entry_file: cannot be found in the app's folder (No such file or directory)"
            ' (found: "none.py"; allowed: a Python file inside the app\'s folder)',
        )
    ]
    assert [error["key"] for error in answer["errors"]] == ["streamlit.typo", "streamlit.port", "streamlit.entry_file"]
    assert set(answer["errors"][0]) == {"file", "key", "message", "found", "allowed"}


def test_a_path_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """S0-28"""
    answer = run(tmp_path / "none", capsys)
    assert answer["failed"] is True
    assert answer["msg"].startswith("%s: does not exist" % (tmp_path / "none"))


def test_without_a_toml_parser_it_says_what_to_install(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """S0-01: on a target with Python 3.9 or 3.10 and no tomli."""
    from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import toml as _toml

    monkeypatch.setattr(_toml, "_parser", None)
    answer = run(tmp_path, capsys)
    assert "Python 3.11" in answer["msg"]
    assert "tomli" in answer["msg"]


def test_its_documentation_names_every_key_of_an_app(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_app(tmp_path / "a")
    app = run(tmp_path, capsys)["apps"][0]
    documented = yaml.safe_load(setup_toml.RETURN)["apps"]["contains"]
    assert set(documented) == set(app)
