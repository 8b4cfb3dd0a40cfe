# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of an app's folder below ``[data] paths`` that have changed, and so reach nobody.

They fill a data folder that is new; from then on the app's own count. Who changes such a file in the repository waits
for it in vain, so each change is told once.
"""

from __future__ import annotations

import json
import os
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import read_text, write_file
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import AppLayout


def changed_notices(app: AppLayout, seeds: t.Mapping[str, str]) -> list[str]:
    """What to tell of the paths whose content is another one than at the last run.

    :param seeds: by path of ``[data] paths``, the hash of what the app's folder holds there now
    """
    before = _recorded(app)
    return [
        "%s has changed in the app's folder, but the app goes on with its own copy ([data] paths). For the folder's, "
        "delete %s on the host and deploy a new release; or take it out of [data] paths"
        % (path, os.path.join(app.data, path))
        for path in sorted(seeds)
        if path in before and before[path] != seeds[path] and os.path.lexists(os.path.join(app.data, path))
    ]


def record(app: AppLayout, seeds: t.Mapping[str, str]) -> None:
    """Remember what the app's folder holds; only for who holds the host's lock."""
    if not is_recorded(app, seeds):
        write_file(app.seeds, json.dumps(dict(seeds), indent=2, sort_keys=True) + "\n", 0o640)


def is_recorded(app: AppLayout, seeds: t.Mapping[str, str]) -> bool:
    """Whether :func:`record` has nothing to write."""
    return dict(seeds) == _recorded(app) or not os.path.isdir(app.path)


def _recorded(app: AppLayout) -> dict[str, str]:
    try:
        found = json.loads(read_text(app.seeds) or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
