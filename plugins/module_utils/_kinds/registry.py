# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kinds of apps differ in: data and small functions. PRIVATE to the collection.

``settings`` is always an app's entry of the catalog, as ``release.json`` keeps it.
"""

from __future__ import annotations

import os
import typing as t
from dataclasses import dataclass

Settings = t.Mapping[str, t.Any]


class UnknownKindError(ValueError):
    """An app of a kind that this version does not know."""


@dataclass(frozen=True)
class Kind:
    """One kind of app.

    :param stop_signal: supervisor's name of the signal that ends it
    :param start_command: argv for (settings, the environment's python, port)
    :param watch_options: behind it, they let the process follow changes of its code
    :param health_path: path on the app's port that answers ``health_body`` while the process is well
    :param stream_path: path of the app's WebSocket, or None
    :param tells_exceptions: whether its log tells the exceptions that nobody has caught from those that an app shows
    :param asks_for_secrets: what an exception says when the app reads a secret and was given none
    :param sessions_path: path that tells how many sessions are open, or None
    :param session_keep_seconds: how long the process keeps a session whose connection is lost, counted from the loss
    """

    name: str
    stop_signal: str
    start_command: t.Callable[[Settings, str, int], list[str]]
    watch_options: tuple[str, ...]
    health_path: t.Callable[[Settings], str]
    health_body: str
    stream_path: t.Callable[[Settings], str | None]
    tells_exceptions: t.Callable[[Settings], bool]
    asks_for_secrets: str
    sessions_path: t.Callable[[Settings], str | None]
    session_keep_seconds: t.Callable[[Settings], float]


def _streamlit_command(settings: Settings, python: str, port: int) -> list[str]:
    # Not `python -m`: that looks for the standard library in the app's folder first, where a secrets.py may lie.
    streamlit = os.path.join(os.path.dirname(python), "streamlit")
    # Only the port belongs to the process; the release's .streamlit/config.toml says everything else.
    return [python, streamlit, "run", settings["streamlit"]["entry_file"], "--server.port=%d" % port]


def _config(settings: Settings) -> t.Mapping[str, t.Any]:
    return t.cast("t.Mapping[str, t.Any]", settings["streamlit"]["config"])


def _streamlit_keeps(settings: Settings) -> float:
    """Streamlit sees a lost connection by a ping that is not answered, and then keeps the session for a while."""
    config = _config(settings)
    ping = config.get("server.websocketPingInterval", 30)
    return float(config.get("server.disconnectedSessionTTL", 120)) + float(ping)


def _below_base(path: str) -> t.Callable[[Settings], str]:
    return lambda settings: str(settings["base_path"]) + path


KINDS: t.Mapping[str, Kind] = {
    "streamlit": Kind(
        name="streamlit",
        stop_signal="TERM",
        start_command=_streamlit_command,
        watch_options=("--server.fileWatcherType=auto", "--server.runOnSave=true"),
        health_path=_below_base("/_stcore/health"),
        health_body="ok",
        stream_path=_below_base("/_stcore/stream"),
        # They are warnings.
        tells_exceptions=lambda settings: _config(settings).get("logger.level") not in ("error", "critical"),
        asks_for_secrets="No secrets found",
        # Without the family's name the answer holds every cache of the app, too, and may be long.
        sessions_path=_below_base("/_stcore/metrics?families=active_sessions"),
        session_keep_seconds=_streamlit_keeps,
    ),
}


def kind_of(name: str) -> Kind:
    """The kind with this name.

    :raises UnknownKindError: there is none
    """
    try:
        return KINDS[name]
    except KeyError:
        raise UnknownKindError("kind %r is not known; known are: %s" % (name, ", ".join(sorted(KINDS)))) from None
