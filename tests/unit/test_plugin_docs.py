# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of modules can be read, and its examples use what exists."""

from __future__ import annotations

import ast
import typing as t
from pathlib import Path

import pytest
import yaml

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
MODULES = sorted(PLUGINS.glob("modules/*.py"))

modules = pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)


def documents(plugin: Path, *names: str) -> dict[str, t.Any]:
    """What a module or a fragment says of itself in variables of these names, parsed."""
    return {
        node.targets[0].id: yaml.safe_load(ast.literal_eval(node.value))
        for node in ast.walk(ast.parse(plugin.read_text()))
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id in names
    }


def options(documentation: dict[str, t.Any]) -> set[str]:
    """The options of a module, those of our documentation fragments included."""
    found = set(documentation.get("options", {}))
    for fragment in documentation.get("extends_documentation_fragment", []):
        name, part = (*fragment.split(".")[2:], "documentation")[:2]
        source = PLUGINS / "doc_fragments" / (name + ".py")
        found |= set(documents(source, part.upper())[part.upper()].get("options", {}))
    return found


@modules
def test_a_module_documents_itself(module: Path) -> None:
    found = documents(module, "DOCUMENTATION", "EXAMPLES", "RETURN")
    assert found["DOCUMENTATION"]["module"] == module.stem
    assert found["EXAMPLES"]
    assert "RETURN" in found


@modules
def test_examples_use_the_module_by_its_full_name_and_with_options_that_exist(module: Path) -> None:
    found = documents(module, "DOCUMENTATION", "EXAMPLES", "RETURN")
    known = options(found["DOCUMENTATION"])
    used = [
        task["selfhost.pyapps." + module.stem] for task in found["EXAMPLES"] if "selfhost.pyapps." + module.stem in task
    ]
    assert used
    for arguments in used:
        assert set(arguments or {}) <= known


def test_every_action_plugin_has_the_documentation_of_a_module() -> None:
    actions = {path.stem for path in PLUGINS.glob("action/*.py")}
    assert actions <= {module.stem for module in MODULES}
