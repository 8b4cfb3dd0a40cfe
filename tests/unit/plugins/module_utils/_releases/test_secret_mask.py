# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.toml import TomlMissingError
from ansible_collections.selfhost.pyapps.plugins.module_utils._releases import secret_mask as _secret_mask
from ansible_collections.selfhost.pyapps.plugins.module_utils._releases.secret_mask import SecretMask, mask_of


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no route to postgres://me:geheim1@db/x", "no route to postgres://me:********@db/x"),
        ("url encoded: ge%2Fheim%40", "url encoded: ********"),
        ("KeyError: 'it\\\\is a secret'", "KeyError: '********'"),
        ("first-line and second-line", "******** and ********"),
        ("cut off: geheim", "cut off: ********"),
        ("INFO 1 abc", "INFO 1 abc"),
        ("", ""),
    ],
)
def test_secrets_are_hidden_in_every_form_and_short_ones_are_not(text: str, shown: str) -> None:
    """C-11: rule 3 of the design, no secret in what a run tells about an app."""
    mask = SecretMask(["geheim1", "ge/heim@", "it\\is a secret", "first-line\nsecond-line", "1", "abc", "     "])
    assert mask.hide(text) == shown


@pytest.mark.parametrize("has_parser", [True, False])
def test_the_mask_knows_both_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_parser: bool) -> None:
    def missing(text: str) -> None:
        raise TomlMissingError("no parser")

    (tmp_path / "secret-env.json").write_text(json.dumps({"A": "variable"}))
    (tmp_path / "secrets.toml").write_text("[auth]\npassword = \"password\"\nmore = ['listed-one']\n")
    if not has_parser:
        monkeypatch.setattr(_secret_mask, "parse_toml", missing)
    assert mask_of(str(tmp_path)).hide("variable password listed-one") == "******** ******** ********"


def test_without_secrets_nothing_is_hidden(tmp_path: Path) -> None:
    assert mask_of(str(tmp_path)).hide("password") == "password"
