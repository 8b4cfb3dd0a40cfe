# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much a module takes with it: every task reads, packs, sends and imports all that its module imports."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
OURS = "ansible_collections.selfhost.pyapps.plugins.module_utils"
MOST_KB = 375
"""Packing 100 KB of sources took a third of a second of each run on the machine that this was measured on."""


def _imported(path: Path) -> set[Path]:
    """The sources of ours that a source imports anywhere in it, as Ansible looks for them."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == OURS:
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(OURS + "."):
            names.add(node.module.rpartition(".")[2])
    return {PLUGINS / "module_utils" / (name + ".py") for name in names}


def _taken_along(module: Path) -> set[Path]:
    found: set[Path] = set()
    waiting = {module}
    while waiting:
        found |= waiting
        waiting = set().union(*map(_imported, waiting)) - found
    return found


@pytest.mark.parametrize("module", sorted((PLUGINS / "modules").glob("[!_]*.py")), ids=lambda path: path.stem)
def test_a_module_takes_little_with_it(module: Path) -> None:
    taken = {path.stem: path.stat().st_size // 1024 for path in _taken_along(module)}
    assert sum(taken.values()) <= MOST_KB, "move what it needs out of the big ones: %s" % sorted(
        taken.items(), key=lambda item: -item[1]
    )


def test_imports_are_found_in_all_their_forms() -> None:
    taken = {path.stem for path in _taken_along(PLUGINS / "modules" / "instances.py")}
    assert {"_instances", "_files", "_app_turn"} <= taken
