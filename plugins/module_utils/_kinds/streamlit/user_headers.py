# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The headers in which an app of Streamlit's is told who the user is."""

from __future__ import annotations

import json
import re

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import show

USER_HEADERS = "server.trustedUserHeaders"
"""Names headers that Streamlit believes to say who the user is; the front takes away what a client says there."""

_HEADER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,33}")  # nginx has 46 bytes for it and "pyapps_user_"


def user_headers(value: object) -> list[str]:
    """The names of the headers in the value of :data:`USER_HEADERS`.

    :raises ValueError: it is no JSON object, or has a name that no header has
    """
    try:
        headers = json.loads(value) if isinstance(value, str) and value else value or {}
    except (ValueError, RecursionError):
        headers = None
    if not isinstance(headers, dict):
        raise ValueError("is not a JSON object")
    wrong = [header for header in headers if not _HEADER.fullmatch(header)]
    if wrong:
        raise ValueError("has %s, which is no name of a header" % show(wrong[0]))
    unclear = [header for header, key in headers.items() if not isinstance(key, str)]
    if unclear:
        raise ValueError("gives %s something else than a text" % show(unclear[0]))
    return list(headers)
