# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rooms of module_utils: an import leads down the map of docs/contributing/architecture.md, never up or round."""

from __future__ import annotations

import ast
import graphlib
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
UTILS = ROOT / "plugins" / "module_utils"
OURS = "ansible_collections.selfhost.pyapps.plugins.module_utils"

Imports = dict[str, set[str]]
"""Files by their name below module_utils (``_ground.files``), each with those that it imports."""


def _map() -> list[str]:
    """The rooms as the map names them, from the top down."""
    text = (ROOT / "docs" / "contributing" / "architecture.md").read_text()
    return re.findall(r"^\| `(_\w+)/` \|", text, re.M)


def _imports() -> Imports:
    files = {".".join(path.relative_to(UTILS).with_suffix("").parts): path for path in UTILS.glob("_*/**/[!_]*.py")}
    return {name: _imported(ast.parse(path.read_text()), set(files)) for name, path in files.items()}


def _imported(source: ast.AST, files: set[str]) -> set[str]:
    found = set()
    for node in ast.walk(source):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(OURS + "."):
            module = str(node.module)[len(OURS) + 1 :]
            found |= {module} if module in files else {"%s.%s" % (module, alias.name) for alias in node.names}
    return found


def _upward(imports: Imports, rooms: list[str]) -> list[str]:
    """The imports that lead from a room to one that is above it."""
    height = {room: len(rooms) - place for place, room in enumerate(rooms)}
    return sorted(
        "%s imports %s" % (file, other)
        for file, others in imports.items()
        for other in others
        if height[other.partition(".")[0]] > height[file.partition(".")[0]]
    )


def _circle(imports: Imports) -> list[str]:
    """Files each of which imports the next one, and the last one the first; none where there is no such circle."""
    try:
        graphlib.TopologicalSorter(imports).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


def test_the_map_has_every_room_once() -> None:
    assert sorted(_map()) == sorted(
        path.name for path in UTILS.iterdir() if path.is_dir() and path.name != "__pycache__"
    )
    assert not list(UTILS.glob("*.py"))


def test_no_room_imports_one_that_is_above_it() -> None:
    assert _upward(_imports(), _map()) == []


def test_no_file_is_imported_by_what_it_imports() -> None:
    assert _circle(_imports()) == []


def test_an_arrow_up_and_a_circle_are_found() -> None:
    imports = {"_a.x": {"_b.y"}, "_b.y": {"_b.z"}, "_b.z": {"_a.x"}}
    assert _upward(imports, ["_a", "_b"]) == ["_b.z imports _a.x"]
    assert set(_circle(imports)) == {"_a.x", "_b.y", "_b.z"}
    assert _circle({"_a.x": {"_b.y"}, "_b.y": set()}) == []


def test_imports_are_found_in_all_their_forms() -> None:
    source = "from %s._a.b import x\nfrom %s._a import c as _c, d\ndef f():\n    from %s._e import g\n" % ((OURS,) * 3)
    assert _imported(ast.parse(source), {"_a.b"}) == {"_a.b", "_a.c", "_a.d", "_e.g"}


def test_no_file_bears_the_name_of_its_room() -> None:
    assert [name for name in _imports() if "_" + name.split(".")[-1] == name.split(".")[-2]] == []


def test_unit_tests_lie_in_the_rooms_of_what_they_test() -> None:
    tests = ROOT / "tests" / "unit" / "plugins" / "module_utils"
    files = {(path.parent.relative_to(UTILS), path.stem) for path in UTILS.glob("_*/**/[!_]*.py")}
    strangers = [
        path
        for path in tests.rglob("test_*.py")
        if not any(room == path.parent.relative_to(tests) and path.stem[5:].startswith(name) for room, name in files)
    ]
    assert strangers == []
