# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets in deploys with a real supervisord and real Streamlit: who has them, and when they go."""

from __future__ import annotations

import json
import os
from pathlib import Path

from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.secrets import AppSecrets
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import app_user
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import release_secrets as _release_secrets
from helpers.serving_host import ServingHost

SECRETS = AppSecrets({"DATABASE": "postgres://me:very-secret@db/x"}, 'key = "other-secret"\n')
GOOD = "import os\nassert os.environ['DATABASE'].endswith('@db/x')\n"
BAD = "import os\nprint(os.environ['DATABASE'], flush=True)\nraise ValueError('no answer: ' + os.environ['DATABASE'])\n"


def release(host: ServingHost, name: str, script: str) -> Path:
    """A release with secrets, as the module releases leaves it."""
    folder = Path(host.layout.app(name).release(host.release(name, script)))
    _release_secrets.write(str(folder), SECRETS, app_user(name) if os.geteuid() == 0 else None)
    return folder


def held(folder: Path) -> list[str]:
    return sorted(name for name in os.listdir(folder) if name in (_release_secrets.ENV, _release_secrets.TOML))


def test_only_what_serves_keeps_its_secrets_and_a_refused_app_shows_none(serving_host: ServingHost) -> None:
    """C-11, S0-24: those of a refused candidate, of a retired release and of one that never started are deleted; and a
    traceback with a secret in it is shown without."""
    host, both = serving_host, [_release_secrets.ENV, _release_secrets.TOML]
    name = host.add_app("keeps")
    first = release(host, name, GOOD)
    assert host.deploy().results[name]["note"] == "live"
    assert held(first) == both

    bad = release(host, name, BAD)
    refused = host.deploy().results[name]
    assert (refused["state"], refused["step"], refused["note"]) == ("failed", "script", "kept (old release serves)")
    assert "no answer: ********" in refused["reason"]
    assert "very-secret" not in json.dumps(refused)
    assert (held(bad), held(first)) == ([], both)

    never_started = release(host, name, GOOD + "# 2\n")
    second = release(host, name, GOOD + "# 3\n")
    planned = host.deploy(check_mode=True)
    assert planned.changed
    assert (held(never_started), held(second)) == (both, both)
    assert host.deploy().results[name]["note"] == "live"
    assert [held(folder) for folder in (first, bad, never_started, second)] == [[], [], [], both]
    assert host.deploy().results[name]["note"] == "unchanged"
