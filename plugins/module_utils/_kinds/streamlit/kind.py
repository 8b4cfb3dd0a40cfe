# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Streamlit as a kind: how its process is started, asked and ended."""

from __future__ import annotations

import os
import re
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.base import (
    FrontRules,
    Kind,
    Sessions,
    Settings,
    Stream,
    below_base,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit.user_headers import (
    USER_HEADERS,
    user_headers,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.endpoint import Endpoint

NAME = "streamlit"
CONFIG = os.path.join(".streamlit", "config.toml")
SECRETS = os.path.join(".streamlit", "secrets.toml")
"""Its configuration and its secrets, relative to the app's folder."""

_SESSIONS = re.compile(rb"^active_sessions ([0-9]{1,9})(?:\.0+)?$", re.MULTILINE)


def config_of(settings: Settings) -> t.Mapping[str, t.Any]:
    """The options of Streamlit that an app sets, by dotted name."""
    return t.cast("t.Mapping[str, t.Any]", settings[NAME]["config"])


def _command(settings: Settings, python: str, endpoint: Endpoint) -> list[str]:
    # Not `python -m`: that looks for the standard library in the app's folder first, where a secrets.py may lie.
    streamlit = os.path.join(os.path.dirname(python), "streamlit")
    # Only the port belongs to the process; the release's .streamlit/config.toml says everything else.
    return [python, streamlit, "run", settings[NAME]["entry_file"], "--server.port=%d" % endpoint.tcp_port]


def _keeps(settings: Settings) -> float:
    """Streamlit sees a lost connection by a ping that is not answered, and then keeps the session for a while."""
    config = config_of(settings)
    ping = config.get("server.websocketPingInterval", 30)
    return float(config.get("server.disconnectedSessionTTL", 120)) + float(ping)


def _sessions_in(body: bytes) -> int | None:
    """Streamlit counts them itself since 1.53."""
    counted = _SESSIONS.search(body)
    return int(counted.group(1)) if counted else None


STREAM = Stream(
    path=below_base("/_stcore/stream"),
    protocol="streamlit",
    refused="[streamlit.config] must let browsers of this address in",
    open_to_all="remove what turns server.enableCORS off",
)


def _user_headers(settings: Settings) -> list[str]:
    try:
        return user_headers(config_of(settings).get(USER_HEADERS))
    except ValueError as error:
        raise ValueError(
            '%s of %s: %s; expected JSON such as {"X-User": "name"}' % (USER_HEADERS, settings["name"], error)
        ) from None


def _front_table(settings: Settings) -> dict[str, t.Any]:
    config = settings.get(NAME, {}).get("config", {})
    return {"config": {key: value for key, value in config.items() if key == USER_HEADERS}}


_FRONT = FrontRules(
    pinned=r"(?:_stcore|media|component|app/static)/",
    live=r"(?:(?:_stcore|media|component|app/static|auth)/|(?:oauth2callback|favicon\.png|manifest\.json)$)",
    no_page="/_stcore/",
    # Open to everyone at the process; Streamlit 1.41 has the short names too. Nor is anything answered with something
    # behind the name: Streamlit's own patterns end with Python's ``$``, which lets a line end pass.
    blocked=r"/(?:_stcore/metrics|st-metrics|(?:_stcore/)?script-health-check)(?:[^\w-]|$)",
    assets=NAME,
    # Some published components ask for their files here.
    at_root="/component/",
    user_headers=_user_headers,
    table=_front_table,
)
STREAMLIT = Kind(
    name=NAME,
    package="streamlit",
    entry_file=lambda settings: str(settings[NAME]["entry_file"]),
    process_keys=("entry_file", "config"),
    generated=(CONFIG,),
    secrets_file=SECRETS,
    stop_signal="TERM",
    start_command=_command,
    watch_options=("--server.fileWatcherType=auto", "--server.runOnSave=true"),
    health_path=below_base("/_stcore/health"),
    health_body="ok",
    stream=STREAM,
    # Without the family's name the answer holds every cache of the app, too, and may be long.
    sessions=Sessions(below_base("/_stcore/metrics?families=active_sessions"), _sessions_in),
    session_keep_seconds=_keeps,
    front=_FRONT,
    asks_for_secrets="No secrets found",
)
