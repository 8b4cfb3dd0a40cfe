# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What root makes does not get its mode from the umask of whoever runs it."""

from __future__ import annotations

import ast
import os
import stat
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._entry import cli as _host_cli
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import files as _files

CHECKOUT = Path(__file__).resolve().parents[2]
MODULES = sorted((CHECKOUT / "plugins" / "modules").glob("*.py"))
READS_ONLY = "selfhost.pyapps.attributes.info"
SHARED_BEGINNING = "operate("  # of modules/_live_operation.py, which sets it for all of them


def _statements_of_main(source: str) -> list[str]:
    (main,) = (node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef) and node.name == "main")
    return [ast.unparse(statement) for statement in main.body]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_that_changes_something_sets_the_umask_before_it_does(path: Path) -> None:
    source = path.read_text()
    if READS_ONLY in source:
        return
    statements = _statements_of_main(source)
    if any(statement.startswith(SHARED_BEGINNING) for statement in statements):
        return
    assert "os.umask(18)" in statements, "add os.umask(0o022) behind AnsibleModule(...) in main()"


def test_every_folder_above_a_new_one_is_closed_to_others_writing(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        _files.make_folder(str(tmp_path / "a" / "b" / "c"), 0o700)
    finally:
        os.umask(before)
    modes = [stat.S_IMODE((tmp_path / path).stat().st_mode) for path in ("a", "a/b", "a/b/c")]
    assert modes == [0o755, 0o755, 0o700]


@pytest.mark.parametrize(("given", "kept"), [(0o000, 0o022), (0o022, 0o022), (0o077, 0o077)])
def test_the_command_line_closes_an_open_umask_and_opens_no_closed_one(
    given: int, kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(
        _host_cli._COMMANDS, "ctl", _host_cli._Command(lambda words, layout: os.umask(0o022), lambda words: True)
    )
    before = os.umask(given)
    try:
        assert _host_cli.main(["ctl"], "/srv/pyapps/tools/pyapps.pyz") == kept
    finally:
        os.umask(before)
