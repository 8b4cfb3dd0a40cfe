# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real WebSocket handshake, as a browser does it. PRIVATE to the collection.

Whether people can use an app shows only here: a Streamlit process with a wrong origin setting answers every health
question with 200 and every browser with 403 (C-01).
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import secrets

from ansible_collections.selfhost.pyapps.plugins.module_utils._probe_http import ProbeError, lower_headers, question

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
_CLOSE_FRAME = b"\x88\x80\0\0\0\0"  # masked (with zeros) and empty: the server ends this session at once


def handshake(
    host: str,
    port: int,
    path: str,
    *,
    host_header: str,
    origin: str | None,
    timeout: float,
    subprotocol: str = "streamlit",
) -> int:
    """Try to open a WebSocket and close it again.

    :param host_header: what a browser sends as ``Host``, with the port if it is not the scheme's own
    :param origin: what a browser sends as ``Origin``; None sends none
    :param timeout: seconds for everything
    :returns: the HTTP status: 101 when the WebSocket was opened, 403 for an origin that is not let in
    :raises ProbeError: no answer in time, refused, not HTTP, or a 101 that is not a WebSocket
    """
    key = base64.b64encode(secrets.token_bytes(16)).decode()
    headers = {
        "Host": host_header,
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": key,
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Protocol": subprotocol,
    }
    if origin is not None:
        headers["Origin"] = origin
    with question(host, port, path, timeout, headers) as (answer, connection):
        if answer.status == 101:
            accept = lower_headers(answer).get("sec-websocket-accept")
            if accept != base64.b64encode(_sha1(key + _GUID)).decode():
                raise ProbeError("101 without the right Sec-WebSocket-Accept: this is no WebSocket server")
            with contextlib.suppress(OSError):
                connection.sendall(_CLOSE_FRAME)
        return answer.status


def _sha1(text: str) -> bytes:
    return hashlib.sha1(text.encode(), usedforsecurity=False).digest()
