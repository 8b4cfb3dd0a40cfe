# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release that is held, as this host would make it today.

What the host says (its URL) is in what is generated for a release, and an app may refuse browsers of another URL. So an
app that goes back to old code, or stays with it, gets that code with what the host says today.
"""

from __future__ import annotations

import os
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import AppLayout, Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.generator import HostOptions
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.generators import generated_files
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import Result
from ansible_collections.selfhost.pyapps.plugins.module_utils._releases.identity import release_id
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_state import read_release
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.release_store import entries_of


class Today(t.NamedTuple):
    """What a held release is today.

    :param content: what it is named without secrets
    :param files: the texts of its generated files by path; empty when they are the same
    """

    content: str
    files: t.Mapping[str, str]


def today(layout: Layout, app: AppLayout, held: str, public_url: str) -> Today:
    """What a held release is with this URL. One that an earlier version of this collection has made stays as it is.

    :raises ReleaseError: its record cannot be read
    :raises KindError: its environment does not hold what its kind needs
    """
    record = read_release(app, held)
    content = str(record.get("content") or held)
    if "production" not in record:
        return Today(content, {})
    host = HostOptions(public_url, record["production"])
    settings = record["settings"]
    so_far = Result(environment=record["environment"], assets=record.get("assets"))
    new = release_id(entries_of(app, held), settings, so_far, host)
    if new == content:
        return Today(content, {})
    environment = os.path.join(layout.envs, str(record["environment"]))
    return Today(new, generated_files(settings, host, environment, "of release " + held))
