# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is made from the declaration of setup.toml is current and right."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.setup_toml import SETUP_TOML
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.toml import parse_toml
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit.owned import HOST_OWNED
from helpers.apps import SETTINGS, sample
from tools import setup_toml_reference

COMMAND = "PYTHONPATH=collections python3 tests/tools/setup_toml_reference.py"


@pytest.fixture(scope="module")
def validator() -> Any:
    schema = json.loads(setup_toml_reference.SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_committed_schema_and_page_are_current() -> None:
    schema = setup_toml_reference.SCHEMA.read_text(encoding="utf-8")
    assert schema == setup_toml_reference.json_schema(), COMMAND
    page = setup_toml_reference.PAGE.read_text(encoding="utf-8")
    assert page == setup_toml_reference.reference_page(), COMMAND


def test_every_key_is_described_for_editors_and_readers() -> None:
    page = setup_toml_reference.PAGE.read_text(encoding="utf-8")
    for table in SETUP_TOML.keys:
        for key in (table, *table.keys):
            assert key.about.endswith(".")
            assert key.about in page
    assert all("`%s`" % option in page for option in HOST_OWNED)


@pytest.mark.parametrize("number", [1, 2])
def test_the_published_samples_fit_the_schema(validator: Any, number: int) -> None:
    """S0-01, S0-08"""
    validator.validate(parse_toml(sample(number)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        'titel = "x"\n' + SETTINGS,
        SETTINGS + "port = 70000",
        SETTINGS + "port = 40000",
        SETTINGS + 'port = "8001"',
        SETTINGS + 'base_path = "/a b"',
        '[streamlit]\nentry_file = "../a.py"',
        SETTINGS + "[streamlit.config.server]\nport = 1",
        SETTINGS + '[streamlit.config]\n"server.port" = 1',
        SETTINGS + '[env]\nPATH = "x"',
        SETTINGS + '[env]\n"A B" = "x"',
        SETTINGS + "[env]\nA = 1.5",
        SETTINGS + '[route]\nallowed_origins = ["*"]',
        SETTINGS + "[deploy]\nkeep = 0",
    ],
)
def test_an_editor_shows_what_the_module_would_refuse(validator: Any, text: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(parse_toml(text))
