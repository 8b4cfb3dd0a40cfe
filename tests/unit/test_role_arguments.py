# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A role's defaults and its argument_specs say the same, for every entry point.

Ansible checks arguments against the specs but takes defaults from defaults/main.yml, and silently skips the spec of an
entry point that no task file has: so nothing but a test keeps them in step.
"""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml

ROLES = sorted(path for path in (Path(__file__).resolve().parents[2] / "roles").iterdir() if path.is_dir())
TYPES = {
    "str": str,
    "bool": bool,
    "int": int,
    "float": (int, float),
    "list": list,
    "dict": dict,
    "path": str,
    "raw": object,
}

roles = pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)


def defaults(role: Path) -> dict[str, t.Any]:
    return yaml.safe_load((role / "defaults" / "main.yml").read_text()) or {}


def entry_points(role: Path) -> dict[str, dict[str, t.Any]]:
    """The options of each entry point."""
    specs = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text())["argument_specs"]
    return {name: spec.get("options", {}) for name, spec in specs.items()}


@roles
def test_every_default_is_an_option_of_an_entry_point(role: Path) -> None:
    documented = {name for options in entry_points(role).values() for name in options}
    assert set(defaults(role)) <= documented


@roles
def test_an_option_has_the_default_of_defaults_or_is_required(role: Path) -> None:
    values = defaults(role)
    for entry, options in entry_points(role).items():
        for name, option in options.items():
            where = f"{role.name}, entry point {entry}, {name}"
            assert name.startswith(role.name + "_"), where
            if option.get("required"):
                assert "default" not in option, where
                assert name not in values, where
            else:
                assert (name, option.get("default")) == (name, values.get(name)), where


@roles
def test_a_default_has_the_type_that_its_option_says(role: Path) -> None:
    for entry, options in entry_points(role).items():
        for name, option in options.items():
            value = option.get("default")
            if value is None or (isinstance(value, str) and "{{" in value):
                continue
            expected = TYPES[option["type"]]
            wrong = isinstance(value, bool) and option["type"] in ("int", "float")
            assert isinstance(value, expected), f"{role.name}, {entry}, {name}: {value!r}"
            assert not wrong, f"{role.name}, {entry}, {name}: {value!r}"
            assert value in option.get("choices", [value]), f"{role.name}, {entry}, {name}: {value!r}"


@roles
def test_every_entry_point_is_a_task_file_and_is_described(role: Path) -> None:
    specs = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text())["argument_specs"]
    for entry, spec in specs.items():
        assert (role / "tasks" / (entry + ".yml")).is_file(), f"{role.name}: {entry}"
        assert spec["short_description"], f"{role.name}: {entry}"
        for name, option in spec.get("options", {}).items():
            assert option["description"], f"{role.name}: {entry}: {name}"
    assert (role / "README.md").is_file()
