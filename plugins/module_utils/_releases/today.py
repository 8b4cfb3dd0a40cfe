# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release that is held, as this host would make it today. PRIVATE to the collection.

What the host says (its URL) is in a release's configuration, and browsers of another URL are refused by Streamlit. So
an app that goes back to old code, or stays with it, gets that code with what the host says today.
"""

from __future__ import annotations

import os
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import AppLayout, Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit.config import (
    HostOptions,
    config_options,
    config_text,
    installed_streamlit,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import Result
from ansible_collections.selfhost.pyapps.plugins.module_utils._releases.identity import release_id
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_state import read_release
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.release_store import entries_of


class Today(t.NamedTuple):
    """What a held release is today.

    :param content: what it is named without secrets
    :param config: the text of its configuration; None when that is the same
    """

    content: str
    config: str | None = None


def today(layout: Layout, app: AppLayout, held: str, public_url: str) -> Today:
    """What a held release is with this URL. One that an earlier version of this collection has made stays as it is.

    :raises ReleaseError: its record can not be read
    :raises StreamlitConfigError: its environment has no Streamlit
    """
    record = read_release(app, held)
    content = str(record.get("content") or held)
    if "production" not in record:
        return Today(content)
    host = HostOptions(public_url, record["production"])
    settings = record["settings"]
    so_far = Result(environment=record["environment"], assets=record.get("assets"))
    new = release_id(entries_of(app, held), settings, so_far, host)
    if new == content:
        return Today(content)
    streamlit = installed_streamlit(os.path.join(layout.envs, str(record["environment"])), "of release " + held)
    return Today(new, config_text(config_options(settings, host, streamlit)))
