# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The secrets of an app: environment variables, and Streamlit's ``secrets.toml``.

They come from the variable ``pyapps_secrets`` and from files of the app's folder, travel to the target once, and lie in
a release beside its code. No object of this file shows a value when it is printed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import typing as t
from dataclasses import dataclass, field

_ID_LENGTH = 16


@dataclass(frozen=True)
class AppSecrets:
    """What only one app may know.

    :param env: environment variables
    :param toml: text of ``secrets.toml``; empty when there is none
    """

    env: t.Mapping[str, str] = field(default_factory=dict, repr=False)
    toml: str = field(default="", repr=False)

    def __bool__(self) -> bool:
        return bool(self.env or self.toml)

    def over(self, other: AppSecrets) -> AppSecrets:
        """Both together: these win, variable by variable; of two texts this one is taken whole."""
        return AppSecrets({**other.env, **self.env}, self.toml or other.toml)


def encode(secrets: t.Mapping[str, AppSecrets]) -> str:
    """All secrets as one word.

    Ansible hides a secret parameter by replacing it wherever it appears in a module's answer. A single value such as
    ``1`` would spoil the answer; this word appears nowhere else.
    """
    content = {name: {"env": dict(own.env), "toml": own.toml} for name, own in secrets.items() if own}
    return base64.b64encode(json.dumps(content).encode()).decode()


def decode(word: str | None) -> dict[str, AppSecrets]:
    """What :func:`encode` was given, less the apps without secrets."""
    content = json.loads(base64.b64decode(word)) if word else {}
    return {name: AppSecrets(own["env"], own["toml"]) for name, own in content.items()}


def release_with(key: bytes, content: str, secrets: AppSecrets) -> str:
    """The id of a release with secrets: another one when they change, and telling nothing about them without the key.

    :param content: id of the same release without secrets
    """
    text = json.dumps([content, dict(secrets.env), secrets.toml], sort_keys=True)
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:_ID_LENGTH]
