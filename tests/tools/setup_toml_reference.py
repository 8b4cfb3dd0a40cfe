#!/usr/bin/env python3
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes what is made from the declaration of setup.toml: its JSON Schema and its reference page.

``PYTHONPATH=collections python3 tests/tools/setup_toml_reference.py``, after a change of the declaration; a unit test
sees when that was forgotten.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.app_env import host_owned_variables
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.setup_toml import SETUP_TOML
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.schema import Key, allowed_in_words
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit.owned import HOST_OWNED

CHECKOUT = Path(__file__).resolve().parents[2]
SCHEMA = CHECKOUT / "schemas" / "setup.toml.schema.json"
PAGE = CHECKOUT / "docs" / "reference" / "setup_toml.md"
FRAME = Path(__file__).with_name("setup_toml_reference.md")
SCHEMA_URL = "https://raw.githubusercontent.com/selfhost-pyapps/selfhost.pyapps/main/schemas/setup.toml.schema.json"


def json_schema() -> str:
    """The JSON Schema; as strict as JSON Schema can be, but never stricter than the module."""
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_URL,
        "title": SETUP_TOML.name,
        **_node(SETUP_TOML),
    }
    return json.dumps(document, indent=2) + "\n"


def _node(key: Key) -> dict[str, Any]:
    default = "" if not key.default_in_words else " Default: %s." % key.default_in_words
    node: dict[str, Any] = {"description": key.about + default}
    if key.kind == "table":
        node.update(type="object", additionalProperties=False)
        node["properties"] = {child.name: _node(child) for child in key.keys}
        required = [child.name for child in key.keys if _is_required(child)]
        if required:
            node["required"] = required
    elif key.kind == "map":
        node.update(_map_node(key))
    elif key.kind == "strings":
        node.update(type="array", items=_string_node(key))
    elif key.kind == "string":
        node.update(_string_node(key))
    elif key.kind == "integer":
        node.update(type="integer", minimum=key.minimum, maximum=key.maximum)
        if key.excluded:
            node["not"] = {"minimum": key.excluded[0], "maximum": key.excluded[1]}
    else:
        node["type"] = "boolean"
    if key.default is not None:
        node["default"] = key.default
    if key.example is not None:
        node["examples"] = [key.example]
    return node


def _is_required(key: Key) -> bool:
    return key.required or (key.kind == "table" and any(map(_is_required, key.keys)))


def _string_node(key: Key) -> dict[str, Any]:
    node: dict[str, Any] = {"type": "string"}
    if key.longest:
        node["maxLength"] = key.longest
    node["pattern"] = "^(?:%s)$" % key.pattern if key.pattern else r"\S"
    return node


def _map_node(key: Key) -> dict[str, Any]:
    if key.values:
        owned = "|".join(name.replace("*", ".*") for name, _reason in host_owned_variables())
        return {
            "type": "object",
            "propertyNames": {"pattern": "^%s$" % key.pattern, "not": {"pattern": "^(?:%s)$" % owned}},
            "additionalProperties": {"type": list(key.values)},
            "properties": {child.name: _node(child) for child in key.keys},
        }
    sections: dict[str, Any] = {}
    for option, reason in HOST_OWNED.items():
        section, name = option.split(".")
        node = sections.setdefault(section, {"type": "object", "properties": {}})
        node["properties"][name] = {"not": {}, "description": "Belongs to the host: %s." % reason}
    return {"type": "object", "properties": sections, "propertyNames": {"not": {"enum": sorted(HOST_OWNED)}}}


def reference_page() -> str:
    """The page: prose from setup_toml_reference.md, tables from the declaration."""
    owned_options = "\n".join("| `%s` | %s |" % row for row in HOST_OWNED.items())
    owned_variables = "\n".join("| `%s` | %s |" % row for row in host_owned_variables())
    return (
        FRAME.read_text(encoding="utf-8")
        .replace("{{ keys }}", "\n\n".join(_sections()))
        .replace("{{ options }}", "| option | why, and what to do instead |\n|---|---|\n" + owned_options)
        .replace("{{ variables }}", "| variable | why |\n|---|---|\n" + owned_variables)
    )


def _sections() -> list[str]:
    top = [key for key in SETUP_TOML.keys if key.kind not in ("table", "map")]
    sections = ["### At the top\n\n" + _table(top)]
    for key in SETUP_TOML.keys:
        if key.kind == "table":
            sections.append("### `[%s]`\n\n%s\n\n%s" % (key.name, key.about, _table(list(key.keys))))
        elif key.kind == "map":
            sections.append("### `[%s]`\n\n%s\n\nAllowed: %s." % (key.name, key.about, allowed_in_words(key)))
            if key.keys:
                sections.append("One name means something else:\n\n" + _table(list(key.keys)))
    return sections


def _table(keys: list[Key]) -> str:
    rows = ["| key | default | allowed | meaning |", "|---|---|---|---|"]
    rows += [
        "| `%s` | %s | %s | %s |" % (key.name, _default(key), allowed_in_words(key).replace("|", "\\|"), key.about)
        for key in keys
    ]
    return "\n".join(rows)


def _default(key: Key) -> str:
    if key.required:
        return "**required**"
    if key.default_in_words:
        return key.default_in_words
    return "`%s`" % json.dumps({} if key.kind == "map" else key.default)


def main() -> None:
    for path, text in ((SCHEMA, json_schema()), (PAGE, reference_page())):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
