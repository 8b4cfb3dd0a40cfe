# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleActionFail
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import (
    Result,
    ResultError,
    Results,
    results_of,
)
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
        "invalid": {"type": "dict", "default": {}},
        "notices": {"type": "list", "elements": "str", "default": []},
        "fail": {"type": "bool", "default": True},
    }

    def tell(self, given: dict[str, t.Any], host: str) -> tuple[list[str], dict[str, t.Any]]:
        try:
            results = {**results_of(given["results"]), **invalid_results(given["invalid"])}
        except ResultError as error:
            raise AnsibleActionFail(str(error)) from None
        apps = [*given["apps"], *({"name": name, "base_path": None} for name in sorted(given["invalid"]))]
        lines = ["apps on %s" % host, *summary(apps, results, given["url"], given["removed"])]
        lines += preview_lines(results, given["preview_url"] or given["url"])
        lines += ["note: " + notice for notice in given["notices"]]
        lines += ["note: %s: %s" % (name, text) for name in sorted(results) for text in results[name].notices]
        lines += failure_lines(results)
        failed = sorted(name for name, result in results.items() if not result.goes_on)
        if not failed:
            return lines, {"msg": "%d apps are served" % len(results)}
        # The table has said it all, and Ansible shows a failure's message twice.
        steps = ", ".join("%s (%s)" % (name, results[name].step) for name in failed)
        message = "%d of %d apps failed: %s" % (len(failed), len(results), steps)
        return lines, {"failed": given["fail"], "failed_apps": failed, "msg": message}


def invalid_results(invalid: dict[str, list[str]]) -> Results:
    """The results of apps whose files are faulty: no step has touched them.

    :param invalid: what is wrong, in lines, by the app's name
    """
    results = {}
    for name, lines in invalid.items():
        reason, log = (lines[0], []) if len(lines) == 1 else ("its files have %d errors" % len(lines), lines)
        results[name] = Result(note="nothing of it was changed").failed("validate", reason, log)
    return results


def summary(apps: list[dict[str, t.Any]], results: Results, url: str, removed: list[str]) -> list[str]:
    """The table itself: one line an app, then one for each that was removed."""
    rows = []
    for app in apps:
        result = results.get(app["name"], Result(state="failed", note="no step has answered for it"))
        place = "-" if app["base_path"] is None else url + app["base_path"] + "/"
        rows.append([app["name"], place, result.state, happened(result)])
    rows += [[name, "-", "removed", "data/ is kept"] for name in removed]
    return table(["APP", "URL", "STATE", "WHAT HAPPENED"], rows)


def happened(result: Result) -> str:
    """What became of an app, and whether older releases still serve the people who use them."""
    note, draining = result.note, result.draining
    if not (note or result.goes_on):
        note = "stopped at step %s" % result.step
    if result.withdrawn:
        note += "; what its folder holds (%s) was rolled back" % result.withdrawn
    if result.unpinned:
        note += "; served unpinned (this Streamlit cannot be pinned): who reconnects after a deploy begins anew"
    if draining:
        note += "; " + ("the old one drains" if draining == 1 else "%d old ones drain" % draining)
    if result.ends_sessions:
        note += "; going live ends %s" % sessions(result.ends_sessions)
    if result.next_ends_sessions:
        note += "; the next deploy ends %s (max_draining)" % sessions(result.next_ends_sessions)
    return note


def sessions(count: int) -> str:
    """A number of sessions, for people."""
    return "1 session" if count == 1 else "%d sessions" % count


def preview_lines(results: Results, url: str) -> list[str]:
    """Where what is not live yet can be tried out, and until when. Who knows the address can open it."""
    lines = []
    for name, result in sorted(results.items()):
        if result.preview:
            lines.append("preview of %s until %s: %s%s" % (name, result.preview_until, url, result.preview))
        elif result.preview_port:
            place = "127.0.0.1:%d on the host itself (its page cannot be pinned)" % result.preview_port
            lines.append("preview of %s until %s: %s" % (name, result.preview_until, place))
    return lines


def failure_lines(results: Results) -> list[str]:
    """For each app that failed: step, reason, and the last lines of the log that shows the cause."""
    lines = []
    for name, result in sorted(results.items()):
        if not result.goes_on:
            lines += ["", "%s failed at step %s: %s" % (name, result.step, result.reason)]
            lines += ["    | " + line for line in result.log]
    return lines
