# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.selfhost.pyapps.plugins.plugin_utils._table import table
from ansible_collections.selfhost.pyapps.plugins.plugin_utils._table_action import TableAction


class ActionModule(TableAction):
    """Show one table of all apps, and fail when one of them failed."""

    arguments: t.ClassVar = {
        "apps": {"type": "list", "elements": "dict", "required": True},
        "results": {"type": "dict", "required": True},
        "url": {"type": "str", "required": True},
        "preview_url": {"type": "str", "default": ""},
        "removed": {"type": "list", "elements": "str", "default": []},
        "notices": {"type": "list", "elements": "str", "default": []},
    }

    def tell(self, given: dict[str, t.Any], host: str) -> tuple[list[str], dict[str, t.Any]]:
        results = given["results"]
        lines = ["apps on %s" % host, *summary(given["apps"], results, given["url"], given["removed"])]
        lines += preview_lines(results, given["preview_url"] or given["url"])
        lines += ["note: " + notice for notice in given["notices"]]
        lines += failure_lines(results)
        failed = sorted(name for name, result in results.items() if result["state"] == "failed")
        if not failed:
            return lines, {"msg": "%d apps are served" % len(results)}
        # The table has said it all; Ansible shows a failure's message twice more.
        steps = ", ".join("%s (%s)" % (name, results[name].get("step")) for name in failed)
        message = "%d of %d apps failed: %s" % (len(failed), len(results), steps)
        return lines, {"failed": True, "failed_apps": failed, "msg": message}


def summary(
    apps: list[dict[str, t.Any]], results: dict[str, dict[str, t.Any]], url: str, removed: list[str]
) -> list[str]:
    """The table itself: one line an app, then one for each that was removed."""
    rows = []
    for app in apps:
        result = results.get(app["name"], {"state": "failed", "note": "no step has answered for it"})
        rows.append([app["name"], url + app["base_path"] + "/", result["state"], happened(result)])
    rows += [[name, "-", "removed", "data/ is kept"] for name in removed]
    return table(["APP", "URL", "STATE", "WHAT HAPPENED"], rows)


def happened(result: dict[str, t.Any]) -> str:
    """What became of an app, and whether older releases still serve the people who use them."""
    note, draining = str(result.get("note") or ""), result.get("draining")
    if result.get("withdrawn"):
        note += "; what its folder holds (%s) was rolled back" % result["withdrawn"]
    if not draining:
        return note
    return "%s; %s" % (note, "the old one drains" if draining == 1 else "%d old ones drain" % draining)


def preview_lines(results: dict[str, dict[str, t.Any]], url: str) -> list[str]:
    """Where what is not live yet can be tried out, and until when. Who knows the address can open it."""
    lines = []
    for name, result in sorted(results.items()):
        if result.get("preview"):
            lines.append("preview of %s until %s: %s%s" % (name, result["preview_until"], url, result["preview"]))
        elif result.get("preview_port"):
            place = "127.0.0.1:%d on the host itself (its page can not be pinned)" % result["preview_port"]
            lines.append("preview of %s until %s: %s" % (name, result["preview_until"], place))
    return lines


def failure_lines(results: dict[str, dict[str, t.Any]]) -> list[str]:
    """For each app that failed: step, reason, and the last lines of the log that shows the cause."""
    lines = []
    for name, result in sorted(results.items()):
        if result["state"] == "failed":
            lines += ["", "%s failed at step %s: %s" % (name, result.get("step"), result.get("reason"))]
            lines += ["    | " + line for line in result.get("log") or []]
    return lines
