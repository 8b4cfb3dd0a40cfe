# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.selfhost.pyapps.plugins.plugin_utils._table import table
from ansible_collections.selfhost.pyapps.plugins.plugin_utils._table_action import TableAction


class ActionModule(TableAction):
    """Show how all apps of a host are, in one table."""

    arguments: t.ClassVar = {
        "apps": {"type": "dict", "required": True},
        "catalog": {"type": "dict", "required": True},
        "daemon_problem": {"type": "str"},
    }

    def tell(self, given: dict[str, t.Any], host: str) -> tuple[list[str], dict[str, t.Any]]:
        lines = ["apps on %s" % host, *summary(given["apps"], given["catalog"])]
        lines += ["%s: %s" % (name, app["advice"]) for name, app in sorted(given["apps"].items()) if app.get("advice")]
        if given["daemon_problem"]:
            lines.append("supervisor: %s" % given["daemon_problem"])
        return lines, {"msg": "%d apps" % len(given["apps"])}


def summary(apps: dict[str, dict[str, t.Any]], catalog: dict[str, t.Any]) -> list[str]:
    """The table: one line an app, and one for each further instance of it."""
    base_paths = {app["name"]: app["base_path"] for app in catalog["apps"]}
    rows = []
    for name, app in sorted(apps.items()):
        url = "%s%s/" % (catalog["url"], base_paths[name]) if name in base_paths else "-"
        state = "healthy" if app["healthy"] else "NOT HEALTHY: %s" % app["problem"]
        rows.append([name, url, *_instance_cells(app), app["streamlit"] or "-", state])
        rows += [["", "", *_instance_cells(other), "", _state_of_other(other)] for other in app["others"]]
    return table(["APP", "URL", "RELEASE", "PORT", "UP", "MEMORY", "SESSIONS", "STREAMLIT", "STATE"], rows)


def _state_of_other(instance: dict[str, t.Any]) -> str:
    if instance["drain_until"]:
        return "drains until %s" % instance["drain_until"]
    if instance.get("preview_until"):
        return "preview until %s" % instance["preview_until"]
    return str(instance["state"])


def _instance_cells(instance: dict[str, t.Any]) -> list[str]:
    uptime, memory = instance["uptime"], instance["pss_mb"]
    return [
        instance["release"] or "-",
        str(instance["port"] or "-"),
        "-" if uptime is None else duration(uptime),
        "-" if memory is None else "%d MB" % round(memory),
        "-" if instance["sessions"] is None else str(instance["sessions"]),
    ]


def duration(seconds: float) -> str:
    """A time as people say it, in its largest unit: ``42 s``, ``7 min``, ``3 h``, ``12 d``."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return "%d %s" % (seconds // size, unit)
    return "%d s" % seconds
