# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the health check has found, and how it is told.

For people in the published form, line by line; for programs as JSON and as Prometheus' text format.
"""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass, field

HEALTHY, UNHEALTHY, UNKNOWN = "healthy", "unhealthy", "unknown"
EXIT_CODES = {HEALTHY: 0, UNHEALTHY: 1, UNKNOWN: 2}

INFO, CRITICAL = "INFO", "CRITICAL"
Line = tuple[str, str]
"""Level and text of a line of the log."""

_UP = ("RUNNING", "STARTING")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    :param kind: ``supervisor``, ``program``, ``app``, ``front``, ``endpoint`` or ``host``
    :param problems: everything that is wrong with it
    :param unknown: everything that could not be told
    :param state: of its process, in supervisor's words; empty where there is none
    :param detail: what people want to know beside the state
    :param url: where it answers
    :param numbers: what was measured, by the metric's name
    """

    kind: str
    name: str
    problems: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    state: str = ""
    detail: str = ""
    url: str = ""
    numbers: t.Mapping[str, float] = field(default_factory=dict)

    @property
    def healthy(self) -> bool:
        return not self.problems and not self.unknown


@dataclass(frozen=True)
class Report:
    """One health check.

    :param time: when it began, UTC, as ``2026-11-21T07:42:00Z``
    :param seconds: how long it took
    :param always_healthy: nothing was looked at, because the environment said so
    """

    findings: t.Sequence[Finding]
    time: str
    seconds: float
    always_healthy: bool = False

    @property
    def state(self) -> str:
        """What could not be told weighs more than what is wrong: the list of problems is not whole then."""
        if any(finding.unknown for finding in self.findings):
            return UNKNOWN
        return UNHEALTHY if any(finding.problems for finding in self.findings) else HEALTHY

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.state]

    @property
    def problems(self) -> list[dict[str, str]]:
        """Every problem, and everything that could not be told."""
        return [
            {"kind": finding.kind, "name": finding.name, "problem": problem}
            for finding in self.findings
            for problem in (*finding.unknown, *finding.problems)
        ]


def as_dict(report: Report) -> dict[str, t.Any]:
    """What ``--json`` prints and the module returns."""
    return {
        "state": report.state,
        "time": report.time,
        "seconds": round(report.seconds, 3),
        "always_healthy": report.always_healthy,
        "problems": report.problems,
        "checks": [
            {
                "kind": finding.kind,
                "name": finding.name,
                "healthy": finding.healthy,
                "problems": [*finding.unknown, *finding.problems],
                "state": finding.state or None,
                "detail": finding.detail or None,
                "url": finding.url or None,
                "numbers": dict(finding.numbers),
            }
            for finding in report.findings
        ],
    }


def as_json(report: Report) -> str:
    return json.dumps(as_dict(report), indent=2, sort_keys=True) + "\n"


def as_lines(report: Report) -> list[Line]:
    """The published lines; each problem has one of its own."""
    lines = [(INFO, "[CHECK] Starting health check")]
    if report.always_healthy:
        return [*lines, (INFO, "[CHECK] ALWAYS_HEALTHY is enabled")]
    for finding in report.findings:
        lines += _finding_lines(finding)
    if report.state == HEALTHY:
        return [*lines, (INFO, "[CHECK] All systems are GO!")]
    names = dict.fromkeys(problem["name"] for problem in report.problems)
    count = len(report.problems)
    said = "%d problem%s: %s" % (count, "" if count == 1 else "s", ", ".join(names))
    return [*lines, (CRITICAL, "[CHECK] %s - %s" % (report.state.upper(), said))]


def _finding_lines(finding: Finding) -> list[Line]:
    lines = []
    if finding.state:
        level = INFO if finding.state in _UP else CRITICAL
        lines.append((level, "%s - %s - %s" % (finding.name, finding.state, finding.detail)))
    elif finding.detail and finding.healthy:
        lines.append((INFO, "[CHECK] %s - %s" % (finding.name, finding.detail)))
    lines += [(CRITICAL, "[CHECK] %s - %s" % (finding.name, text)) for text in (*finding.unknown, *finding.problems)]
    if finding.url and finding.healthy:
        lines.append((INFO, "[CHECK] %s is online" % finding.url))
    return lines


_HELP = {
    "pyapps_healthy": "Whether everything that was looked at is healthy.",
    "pyapps_unknown": "Whether something could not be told, so that pyapps_healthy is 0 without a known problem.",
    "pyapps_check_healthy": "Whether this one is healthy.",
    "pyapps_app_uptime_seconds": "Seconds since the app's process was started.",
    "pyapps_app_answer_seconds": "Seconds that the app took for all questions of the health check.",
    "pyapps_app_recent_deaths": "Unwanted ends of the app's process within the last ten minutes.",
    "pyapps_disk_free_ratio": "Share of a file system that is free for ordinary users.",
    "pyapps_disk_free_files_ratio": "Share of a file system's files that can still be made.",
    "pyapps_memory_available_ratio": "Share of the memory that new processes can have without swapping.",
    "pyapps_healthcheck_seconds": "Seconds that the health check took.",
    "pyapps_healthcheck_timestamp_seconds": "When the health check was made, in seconds since 1970.",
}
_LABELS = {"app": "app", "host": "path"}


def as_prometheus(report: Report, timestamp: float) -> str:
    """Prometheus' text format, for a scrape or for node_exporter's textfile collector."""
    samples: dict[str, list[str]] = {name: [] for name in _HELP}
    samples["pyapps_healthy"].append(" %d" % (report.state == HEALTHY))
    samples["pyapps_unknown"].append(" %d" % (report.state == UNKNOWN))
    for finding in report.findings:
        labels = '{kind="%s",name="%s"}' % (finding.kind, _escaped(finding.name))
        samples["pyapps_check_healthy"].append("%s %d" % (labels, finding.healthy))
        for name, value in finding.numbers.items():
            label = '{%s="%s"}' % (_LABELS[finding.kind], _escaped(finding.name)) if finding.name != "memory" else ""
            samples["pyapps_" + name].append("%s %.6g" % (label, value))
    samples["pyapps_healthcheck_seconds"].append(" %.3f" % report.seconds)
    samples["pyapps_healthcheck_timestamp_seconds"].append(" %.0f" % timestamp)
    text = []
    for name, values in samples.items():
        if values:
            text += ["# HELP %s %s\n" % (name, _HELP[name]), "# TYPE %s gauge\n" % name]
            text += ["%s%s\n" % (name, value) for value in values]
    return "".join(text)


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
