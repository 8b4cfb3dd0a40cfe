# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import typing as t

from ansible.release import __version__ as ansible_version
from ansible_collections.selfhost.pyapps.plugins.plugin_utils._table import table
from ansible_collections.selfhost.pyapps.plugins.plugin_utils._table_action import TableAction


class ActionModule(TableAction):
    """Show what the doctor has found, and fail when there is a problem."""

    arguments: t.ClassVar = {
        "findings": {"type": "list", "elements": "dict", "required": True},
        "fail": {"type": "bool", "default": True},
    }

    def tell(self, given: dict[str, t.Any], host: str) -> tuple[list[str], dict[str, t.Any]]:
        findings = given["findings"]
        controller = {"check": "ansible-core", "state": "ok", "found": ansible_version + ", here", "advice": ""}
        states = [finding["state"] for finding in findings]
        problems, warnings = states.count("problem"), states.count("warning")
        said = "%s, %s" % (_count(problems, "problem"), _count(warnings, "warning"))
        lines = ["%s, examined: %s" % (host, said), *summary([controller, *findings])]
        return lines, {"failed": given["fail"] and problems > 0, "msg": said}


def summary(findings: list[dict[str, str]]) -> list[str]:
    """The table, and below it what to do."""
    rows = [[finding["check"], finding["state"], finding["found"]] for finding in findings]
    advice = ["%s: %s" % (finding["check"], finding["advice"]) for finding in findings if finding["advice"]]
    return [*table(["CHECK", "STATE", "FOUND"], rows), *([""] if advice else []), *advice]


def _count(number: int, what: str) -> str:
    return "%d %s%s" % (number, what, "" if number == 1 else "s")
