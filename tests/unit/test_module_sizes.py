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
MOST_KB_OF = {"run_plan": 900}
"""It asks the steps of a dozen modules, which are not run then."""


def _imported(path: Path) -> set[Path]:
    """The sources of ours that a source imports anywhere in it, as Ansible looks for them."""
    found: set[Path] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(OURS):
            module = PLUGINS.joinpath("module_utils", *str(node.module)[len(OURS) + 1 :].split("."))
            if module.with_suffix(".py").is_file():
                found.add(module.with_suffix(".py"))
            else:
                found.update(module / (alias.name + ".py") for alias in node.names)
    return found


def _taken_along(module: Path) -> set[Path]:
    found: set[Path] = set()
    waiting = {module}
    while waiting:
        found |= waiting
        waiting = set().union(*map(_imported, waiting)) - found
    return found


def _name(path: Path) -> str:
    return "%s.%s" % (path.parent.name, path.stem)


@pytest.mark.parametrize("module", sorted((PLUGINS / "modules").glob("[!_]*.py")), ids=lambda path: path.stem)
def test_a_module_takes_little_with_it(module: Path) -> None:
    taken = {_name(path): path.stat().st_size // 1024 for path in _taken_along(module)}
    biggest = sorted(taken.items(), key=lambda item: -item[1])
    most = MOST_KB_OF.get(module.stem, MOST_KB)
    assert sum(taken.values()) <= most, "move what it needs out of the big ones: %s" % biggest


def test_imports_are_found_in_all_their_forms() -> None:
    taken = {_name(path) for path in _taken_along(PLUGINS / "modules" / "instances.py")}
    assert {"_deploy.instances", "_ground.files", "_deploy.turn"} <= taken
