# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last lines of an app's logs. Nothing is changed here."""

from __future__ import annotations

import os
import re
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.status import log_advice
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import INSTANCE, Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.conf import log_path
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.log_tail import tail
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_state import live_instance

MOST_LINES = 10000
_BYTES_A_LINE = 300  # a longer line is cut anyway


def app_logs(layout: Layout, app: str, lines: int) -> list[dict[str, t.Any]]:
    """The logs of an app's live instance, or else of the one that wrote last; those that are there.

    :param lines: how many of each
    """
    live = live_instance(layout.app(app))
    instance = live.instance if live else _last_instance(layout, app)
    if instance is None:
        return []
    found = []
    for stream in ("out", "err"):
        path = log_path(layout, "%s.%s" % (app, instance), stream)
        if os.path.exists(path):
            last = tail(path, lines, lines * _BYTES_A_LINE)
            link = log_path(layout, app, stream)
            if live and os.path.exists(link) and os.path.samefile(link, path):
                path = link
            found.append({"app": app, "stream": stream, "path": path, "lines": last, "advice": None})
    if found and live:
        found[-1]["advice"] = log_advice(layout, layout.app(app), live)
    return found


def _last_instance(layout: Layout, app: str) -> str | None:
    pattern = re.compile(r"%s\.(%s)\.(?:out|err)\.log" % (re.escape(app), INSTANCE.pattern))
    try:
        with os.scandir(layout.log) as entries:
            found = [(entry.stat(follow_symlinks=False).st_mtime, entry.name) for entry in entries]
    except FileNotFoundError:
        return None
    matches = [match for _time, name in sorted(found) for match in [pattern.fullmatch(name)] if match]
    return matches[-1].group(1) if matches else None
