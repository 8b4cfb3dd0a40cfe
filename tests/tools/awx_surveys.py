#!/usr/bin/env python3
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the survey of each playbook for AWX, awx/surveys/<playbook>.json, from the roles' argument_specs.

``make awx-surveys`` after a change of the specs or playbooks; a unit test sees when that was forgotten.

A question that is not answered must leave what the inventory says. AWX hands the default of a question on as an extra
variable, which would win over the inventory: so no question has one, and its text tells the variable's own default.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
SURVEYS = CHECKOUT / "awx" / "surveys"
PLAYBOOKS = CHECKOUT / "playbooks"
REQUIRED = {
    "import": {"pyapps_import_source"},
    "new_app": {"pyapps_app"},
    "remove": {"pyapps_remove"},
    "rollback": {"pyapps_app"},
}
"""Variables without which a playbook can do nothing, though the role has a default for them."""

_OURS = "selfhost.pyapps."
_NUMBERS = {"int": "integer", "float": "float"}
_HINTS = {"list": " Several: with commas between, without spaces.", "dict": " As JSON."}

Options = dict[str, dict[str, Any]]


def playbooks() -> list[Path]:
    return sorted(PLAYBOOKS.glob("*.yml"))


def survey(playbook: Path) -> dict[str, Any]:
    """What AWX takes as ``survey_spec``."""
    required = REQUIRED.get(playbook.stem, set())
    questions = [
        _question(name, option, name in required) for name, option in _options(playbook).items() if _is_flat(option)
    ]
    questions.sort(key=lambda question: not question["required"])
    return {
        "name": "",
        "description": f"selfhost.pyapps.{playbook.stem}: what is not answered stays as the inventory says.",
        "spec": questions,
    }


def as_text(playbook: Path) -> str:
    return json.dumps(survey(playbook), indent=2, ensure_ascii=False) + "\n"


def _options(playbook: Path) -> Options:
    """What people can say to a playbook: options of its roles, less those that it sets itself."""
    found: Options = {}
    for play in yaml.safe_load(playbook.read_text(encoding="utf-8")):
        imported = play.get("ansible.builtin.import_playbook")
        if imported:
            found.update(_options(playbook.parent / imported))
            continue
        handed = set(play.get("vars", {})) | _vars_files(playbook, play)
        named = set(re.findall(r"\bpyapps_\w+", json.dumps(play)))
        found.update({name: option for name, option in _role_options("pyapps", None).items() if name in named})
        for role, entry, own in _roles(playbook.parent, play):
            options = _role_options(role, entry)
            found.update({name: option for name, option in options.items() if name not in handed | own})
    return {name: option for name, option in found.items() if not option.get("required")}


def _vars_files(playbook: Path, play: dict[str, Any]) -> set[str]:
    texts = [(playbook.parent / file).read_text(encoding="utf-8") for file in play.get("vars_files", [])]
    return {name for text in texts for name in yaml.safe_load(text)}


def _roles(folder: Path, play: dict[str, Any]) -> Iterator[tuple[str, str, set[str]]]:
    """Each role of ours in a play: its name, the entry point, and the variables that are set for it."""
    for role in play.get("roles", []):
        yield role["role"].removeprefix(_OURS), "main", set(role.get("vars", {}))
    for part in ("pre_tasks", "tasks", "post_tasks"):
        for task in play.get(part, []):
            included = task.get("ansible.builtin.include_tasks")
            if included:
                yield from _roles(folder, {"tasks": yaml.safe_load((folder / included).read_text(encoding="utf-8"))})
            role = task.get("ansible.builtin.import_role") or task.get("ansible.builtin.include_role")
            if role:
                yield role["name"].removeprefix(_OURS), role.get("tasks_from", "main"), set(task.get("vars", {}))


def _role_options(role: str, entry: str | None) -> Options:
    """The options of one entry point, or of all (``None``)."""
    text = (CHECKOUT / "roles" / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
    found: Options = {}
    for name, spec in yaml.safe_load(text)["argument_specs"].items():
        if entry in (None, name):
            found.update(spec.get("options", {}))
    return found


def _is_flat(option: dict[str, Any]) -> bool:
    """Whether a line of text can say it."""
    return option["type"] != "raw" and option.get("elements") not in ("dict", "list", "raw")


def _question(name: str, option: dict[str, Any], required: bool) -> dict[str, Any]:
    described = option["description"]
    text = " ".join((described if isinstance(described, str) else " ".join(described)).split())
    question = {
        "question_name": name.replace("_", " ").removeprefix("pyapps ").capitalize(),
        "question_description": text + _HINTS.get(option["type"], "") + _default(option),
        "variable": name,
        "required": required,
        "type": _type(option),
    }
    if question["type"] == "multiplechoice":
        question["choices"] = ["true", "false"] if option["type"] == "bool" else list(map(str, option["choices"]))
    return question


def _default(option: dict[str, Any]) -> str:
    default = option.get("default")
    if default in ("", [], {}, None) or "{{" in str(default):
        return ""
    shown = ",".join(map(str, default)) if isinstance(default, list) else str(default)
    return f" Default: {shown.lower() if isinstance(default, bool) else shown}."


def _type(option: dict[str, Any]) -> str:
    if option.get("no_log"):
        return "password"
    if option["type"] == "bool" or "choices" in option:
        return "multiplechoice"
    return "textarea" if option["type"] == "dict" else _NUMBERS.get(option["type"], "text")


if __name__ == "__main__":
    SURVEYS.mkdir(parents=True, exist_ok=True)
    for old in SURVEYS.glob("*.json"):
        old.unlink()
    for each in playbooks():
        (SURVEYS / f"{each.stem}.json").write_text(as_text(each), encoding="utf-8")
