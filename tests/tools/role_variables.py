#!/usr/bin/env python3
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the table of variables into each role's README, from its argument_specs.

``python3 tests/tools/role_variables.py`` after a change of the specs; a unit test sees when that was forgotten. The
table stands between the two marks; what is around it is written by hand.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

ROLES = Path(__file__).resolve().parents[2] / "roles"
BEGIN = "<!-- variables: made by tests/tools/role_variables.py -->"
END = "<!-- end of variables -->"


def with_table(role: Path) -> str:
    """The README of a role with the table as it should be."""
    text = (role / "README.md").read_text(encoding="utf-8")
    head, _begin, rest = text.partition(BEGIN)
    if not rest or END not in rest:
        raise ValueError(f"{role / 'README.md'}: the marks {BEGIN} and {END} are missing")
    return head + "\n".join([BEGIN, *_rows(_options(role)), END]) + rest.partition(END)[2]


def _options(role: Path) -> dict[str, dict[str, Any]]:
    """The options of all entry points; each once, in the order of the file."""
    specs = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]
    options: dict[str, dict[str, Any]] = {}
    for spec in specs.values():
        for name, option in spec.get("options", {}).items():
            options.setdefault(name, option)
    return options


def _rows(options: dict[str, dict[str, Any]]) -> list[str]:
    rows = ["| variable | type | default | meaning |", "|---|---|---|---|"]
    for name, option in options.items():
        default = "required" if option.get("required") else f"`{json.dumps(option.get('default'))}`"
        described = option["description"]
        meaning = " ".join(described) if isinstance(described, list) else described
        rows.append(f"| `{name}` | {option['type']} | {_cell(default)} | {_cell(meaning)} |")
    return rows


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    for each in sorted(path for path in ROLES.iterdir() if path.is_dir()):
        (each / "README.md").write_text(with_table(each), encoding="utf-8")
