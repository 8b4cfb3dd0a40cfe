# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A session of a Streamlit app, as a browser's tab holds one: its WebSocket."""

from __future__ import annotations

import contextlib
import typing as t

from websockets.sync.client import ClientConnection, connect

# Streamlit's BackMsg with `rerun_script` (field 11), an empty ClientState.
_RERUN = b"\x5a\x00"


class Session:
    """One open session."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    def is_open(self) -> bool:
        """Whether a ping comes back."""
        try:
            return self._connection.ping().wait(5)
        except Exception:  # closed, in whichever way
            return False

    def run(self) -> None:
        """Ask for a run of the script, as a page does when it is opened."""
        self._connection.send(_RERUN)

    def wait_for(self, text: str, seconds: float) -> None:
        """Wait until the app shows a text.

        :raises TimeoutError: nothing at all came for so many seconds
        """
        while text.encode() not in t.cast(bytes, self._connection.recv(seconds)):
            pass


@contextlib.contextmanager
def session(url: str) -> t.Iterator[Session]:
    """Open a session, and close it after the block.

    :param url: of the app, with its base path and pin, ending with a slash
    """
    address = url.replace("http://", "ws://") + "_stcore/stream"
    protocols = [t.cast("t.Any", "streamlit")]
    with connect(address, subprotocols=protocols, open_timeout=20, max_size=None) as connection:
        yield Session(connection)
