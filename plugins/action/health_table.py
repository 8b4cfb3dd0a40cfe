# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import typing as t

from ansible_collections.selfhost.pyapps.plugins.plugin_utils._table import table
from ansible_collections.selfhost.pyapps.plugins.plugin_utils._table_action import TableAction


class ActionModule(TableAction):
    """Show how well a host is, in one table, and fail when it is not."""

    arguments: t.ClassVar = {
        "health": {"type": "dict", "required": True},
        "fail": {"type": "bool", "default": True},
        "brief": {"type": "bool", "default": False},
    }

    def tell(self, given: dict[str, t.Any], host: str) -> tuple[list[str], dict[str, t.Any]]:
        health, problems = given["health"], given["health"]["problems"]
        checks, state = health["checks"], health["state"]
        heading = "health of %s: %s (%d checks in %.1f s)" % (host, state, len(checks), health["seconds"])
        lines = [heading, *summary(checks, given["brief"])]
        if not problems:
            return lines, {"msg": "%s is healthy" % host}
        lines += advice(checks)
        count = "%d problem%s" % (len(problems), "" if len(problems) == 1 else "s")
        return lines, {"failed": given["fail"], "msg": "%s is %s: %s" % (host, state, count)}


_ADVICE = {
    "app": "playbooks/logs.yml with -e app=%s shows what it has written last; playbooks/restart.yml starts it anew.",
    "endpoint": "what serves it (a tunnel, a proxy) has to run: `pyapps ctl status` on the host says it of ours (%s).",
    "front": "the site playbook sets its configuration right and starts it; its log says why it ended (%s).",
    "program": "`pyapps ctl tail %s` on the host shows what it has said, `pyapps ctl restart` starts it anew.",
    "supervisor": "the site playbook starts the daemon again (%s).",
    "host": "make room, or run the site playbook where a file of ours cannot be read (%s).",
}


def advice(checks: list[dict[str, t.Any]]) -> list[str]:
    """What to do, a line for each kind of check that found something; with the names that it is about."""
    lines = []
    for kind in sorted({check["kind"] for check in checks if not check["healthy"]}):
        names = ",".join(check["name"] for check in checks if check["kind"] == kind and not check["healthy"])
        if kind in _ADVICE:
            lines.append("%s: %s" % (kind, _ADVICE[kind] % names))
    return lines


def summary(checks: list[dict[str, t.Any]], brief: bool = False) -> list[str]:
    """The table; nothing when all is well and only problems are wanted."""
    rows = []
    for check in checks:
        if check["healthy"]:
            if not brief:
                said = " ".join(str(word) for word in (check["state"], check["detail"], check["url"]) if word)
                rows.append([check["kind"], check["name"], "healthy", said])
            continue
        first, *others = check["problems"]
        rows.append([check["kind"], check["name"], "NOT HEALTHY", first])
        rows += [["", "", "", problem] for problem in others]
    return table(["CHECK", "NAME", "STATE", "WHAT WAS FOUND"], rows) if rows else []
