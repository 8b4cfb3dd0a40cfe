# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
import json

from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.secrets import (
    AppSecrets,
    decode,
    encode,
    release_with,
)

OWN = AppSecrets({"A": "1", "B": "geheim"}, 'x = "geheim"\n')
CONTENT = "0" * 16


def test_what_is_sent_arrives_and_apps_without_secrets_are_not_sent() -> None:
    assert decode(encode({"one": OWN, "two": AppSecrets()})) == {"one": OWN}
    assert decode(encode({})) == {}
    assert decode(None) == {}


def test_what_is_sent_is_one_word() -> None:
    """Ansible replaces a secret parameter wherever it stands in an answer: a value `1` would spoil every number."""
    word = encode({"one": OWN})
    assert json.loads(base64.b64decode(word))["one"]["env"]["A"] == "1"
    assert " " not in word
    assert "geheim" not in word


def test_nothing_shows_a_value() -> None:
    assert "geheim" not in repr(OWN) + str(OWN)


def test_variables_are_merged_and_texts_are_not() -> None:
    """The host's inventory wins over a file of the app's folder."""
    folder = AppSecrets({"A": "old", "C": "3"}, "y = 1\n")
    assert OWN.over(folder) == AppSecrets({"A": "1", "B": "geheim", "C": "3"}, 'x = "geheim"\n')
    assert AppSecrets().over(folder) == folder


def test_a_changed_secret_is_another_release_and_the_same_one_is_not() -> None:
    """C-11: named by an HMAC; who lacks the key cannot try values."""
    name = release_with(b"key", CONTENT, OWN)
    assert len(name) == 16
    assert name == release_with(b"key", CONTENT, AppSecrets({"B": "geheim", "A": "1"}, OWN.toml))
    others = {
        release_with(b"other", CONTENT, OWN),
        release_with(b"key", "1" * 16, OWN),
        release_with(b"key", CONTENT, AppSecrets({**OWN.env, "A": "2"}, OWN.toml)),
        release_with(b"key", CONTENT, AppSecrets(OWN.env, "")),
        release_with(b"key", CONTENT, AppSecrets({}, OWN.toml)),
    }
    assert len(others | {name}) == 6
