# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After a rollback an app stays where it is until its folder holds something new.

Else the next run of the site playbook, perhaps a timer's or for another app's sake, would bring the release back from
which somebody has just fled.
"""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import replace

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import AppLayout
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import Result
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import history as _release_history
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_state import ReleaseError, read_release
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.releases_held import live_release


def stay_with_live(app: AppLayout, result: Result) -> Result:
    """An app's result, whose ``release`` is the live one when the app's folder holds one that was withdrawn.

    The folder is known again by what it holds: another URL of the host, other secrets or another environment make
    another release of it, and nothing new.

    :returns: the result; then with ``withdrawn``, the release that is not brought back, for the run's table
    """
    wanted, live = result.release, live_release(app)
    if wanted is None or live is None or wanted == live:
        return result
    try:
        record = read_release(app, live)
    except ReleaseError:
        return result
    left = _left(app, result, record)
    if left is None:
        return result
    return replace(
        result,
        release=live,
        environment=record["environment"],
        assets=record.get("assets"),
        withdrawn=left,
    )


def _left(app: AppLayout, result: Result, live: t.Mapping[str, t.Any]) -> str | None:
    """The release that a rollback has left and that the app's folder holds; None when it holds something else.

    :param result: with what the folder's release would be named, and :func:`folder_id` of the folder
    :param live: the record of the live release; without ``folder`` when an earlier version has made it
    """
    withdrawn = _release_history.read(app).withdrawn
    if result.release in withdrawn:
        return result.release
    if result.folder is None:
        return None
    # The same folder is live again after the rollback of an upgrade, which was another environment.
    same_folder = result.folder == live.get("folder")
    if same_folder and result.environment == live["environment"]:
        return None
    for release in sorted(withdrawn):
        with contextlib.suppress(ReleaseError):
            record = read_release(app, release)
            is_this = record.get("folder") == result.folder
            if is_this and (not same_folder or record["environment"] == result.environment):
                return release
    return None
