# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host is like that a run would change, in lines for people. Pure."""

from __future__ import annotations

import typing as t

Values = t.Mapping[str, t.Any]

_MISSING, _EXTRA, _OTHER = "is missing", "should not be there", "is not as it was left"


def differences(step: str, values: Values) -> list[str]:
    """What one step would change, a line each.

    :param step: the module's name
    :param values: what the module has returned in check mode, with its diff
    """
    if values.get("failed"):
        return ["%s cannot say: %s" % (step, values.get("msg", ""))]
    if not values.get("changed"):
        return []
    lines = [
        *_of_diff(values.get("diff") or []),
        *_of_results("app", values.get("app_results") or {}),
        *_of_results("tool", values.get("tools") or {}),
    ]
    return list(dict.fromkeys(lines)) or ["%s would change something" % step]


def _of_diff(diff: t.Any) -> list[str]:
    lines = []
    for entry in diff if isinstance(diff, list) else [diff]:
        lines += ["pending: " + line for line in entry.get("prepared", "").splitlines()]
        header = entry.get("before_header") or entry.get("after_header")
        lines += ["%s %s" % (header, _how(entry))] if header else []
    return lines


def _how(entry: Values) -> str:
    if not entry.get("before"):
        return _MISSING
    return _OTHER if entry.get("after") else _EXTRA


def _of_results(what: str, results: t.Mapping[str, Values]) -> list[str]:
    return ["%s %s %s" % (what, name, _OTHER) for name, result in sorted(results.items()) if result.get("changed")]
