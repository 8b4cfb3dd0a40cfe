# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After a rollback an app stays where it is until its folder holds something new. PRIVATE to the collection.

Else the next run of the site playbook, perhaps a timer's or for another app's sake, would bring the release back from
which somebody has just fled.
"""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.selfhost.pyapps.plugins.module_utils import _release_history
from ansible_collections.selfhost.pyapps.plugins.module_utils._instance_state import ReleaseError, read_release
from ansible_collections.selfhost.pyapps.plugins.module_utils._layout import AppLayout
from ansible_collections.selfhost.pyapps.plugins.module_utils._releases_held import live_release
from ansible_collections.selfhost.pyapps.plugins.module_utils._result import Result


def stay_with_live(app: AppLayout, result: Result) -> Result:
    """An app's result, whose ``release`` is the live one when the app's folder holds one that was withdrawn.

    :returns: the result; then with ``withdrawn``, the release that is not brought back, for the run's table
    """
    wanted, live = result.release, live_release(app)
    if wanted is None or live is None or wanted == live or wanted not in _release_history.read(app).withdrawn:
        return result
    try:
        record = read_release(app, live)
    except ReleaseError:
        return result
    return replace(
        result,
        release=live,
        environment=record["environment"],
        assets=record.get("assets"),
        withdrawn=wanted,
    )
