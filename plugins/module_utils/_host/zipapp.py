# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our zipapp, made on the controller from the module_utils that it needs.

The same sources give the same bytes, whatever their dates and whoever packs them, so that a hash tells whether a host
has it already.
"""

from __future__ import annotations

import ast
import io
import os
import zipfile

PACKAGE = "ansible_collections.selfhost.pyapps.plugins.module_utils"
ENTRY = "_entry.cli"

_MAIN = """\
import sys

from %s.%s import main

sys.exit(main(sys.argv[1:], sys.argv[0]))
""" % (PACKAGE, ENTRY)
_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that zip knows
_FILE_MODE = 0o100644


def needed_modules(entry: str = ENTRY) -> list[str]:
    """The modules of ours that ``entry`` imports, itself and what they import included; sorted.

    Names are below :data:`PACKAGE`, with a dot between a room and its file: ``_ground.files``.
    """
    found: set[str] = set()
    waiting = [entry]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _imports(ast.parse(_source(name)))
    return sorted(found)


def _imports(tree: ast.AST) -> list[str]:
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE + "."):
            module = str(node.module)[len(PACKAGE) + 1 :]
            if os.path.isfile(_path(module)):
                names.append(module)
            else:
                names += ["%s.%s" % (module, alias.name) for alias in node.names]
    return names


def _path(name: str) -> str:
    rooms = os.path.dirname(os.path.dirname(__file__))
    return os.path.join(rooms, *name.split(".")) + ".py"


def _source(name: str) -> str:
    with open(_path(name), encoding="utf-8") as file:
        return file.read()


def build() -> bytes:
    """The zipapp, made from the files beside this one."""
    content = {"__main__.py": _MAIN}
    for name in needed_modules():
        parts = ("%s.%s" % (PACKAGE, name)).split(".")
        for depth in range(1, len(parts)):
            content["/".join([*parts[:depth], "__init__.py"])] = ""
        content["/".join(parts) + ".py"] = _source(name)
    buffer = io.BytesIO()
    # Stored, because compressed bytes differ between versions of zlib.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path, text in sorted(content.items()):
            info = zipfile.ZipInfo(path, _DATE)
            info.external_attr = _FILE_MODE << 16
            archive.writestr(info, text)
    return buffer.getvalue()
