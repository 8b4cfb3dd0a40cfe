# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``pyapps healthcheck``: is this host well?

Exit codes: 0 healthy, 1 unhealthy, 2 could not tell.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import clock as _clock
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._health import log as _health_log
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.check import always_healthy, check
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.notify import NotifyError, notify
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.report import (
    CRITICAL,
    Line,
    Report,
    as_json,
    as_lines,
    as_prometheus,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.settings import SettingsError, read_notify


def main(layout: Layout, arguments: t.Sequence[str]) -> int:
    """Check the host once.

    :returns: 0, 1 or 2
    """
    options = _parser().parse_args(arguments)
    begun = time.time()
    report = _report(layout, options.timeout)
    lines = as_lines(report)
    if options.notify and not report.always_healthy:
        lines += _notify(layout, report)
    records = _health_log.records(lines)
    _health_log.write(layout.healthcheck_log, records)
    if options.form == "json":
        text = as_json(report)
    elif options.form == "prometheus":
        text = as_prometheus(report, begun)
    else:
        shown = [record for record in records if not options.quiet or record.levelname == CRITICAL]
        text = _health_log.as_text(shown)
    sys.stdout.write(text)
    sys.stdout.flush()
    # Without waiting for a thread whose question has no end of its own.
    return report.exit_code


def _report(layout: Layout, timeout: float | None) -> Report:
    if always_healthy(os.environ):
        return Report([], _clock.now(), 0.0, always_healthy=True)
    return check(layout, timeout)


def _notify(layout: Layout, report: Report) -> list[Line]:
    """Tell of a change; what went wrong with that is one more line, and no illness of the host."""
    try:
        notify(layout, report, read_notify(layout.healthcheck_notify))
    except SettingsError as error:
        return [(CRITICAL, "[CHECK] %s: %s" % (layout.healthcheck_notify, error))]
    except NotifyError as error:
        return [(CRITICAL, "[CHECK] nobody was told: %s" % error)]
    except OSError as error:
        return [(CRITICAL, "[CHECK] nobody was told: %s" % (error.strerror or error))]
    return []


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pyapps healthcheck",
        description="Whether this host is well: supervisor's programs, apps, front, disks and memory. Every problem is"
        " told. ALWAYS_HEALTHY=true in the environment looks at nothing.",
        epilog="Exit codes: 0 healthy, 1 unhealthy, 2 could not tell.",
    )
    forms = parser.add_mutually_exclusive_group()
    forms.add_argument("--json", dest="form", action="store_const", const="json", help="print one JSON object")
    forms.add_argument(
        "--prometheus", dest="form", action="store_const", const="prometheus", help="print Prometheus' text format"
    )
    forms.add_argument("--quiet", action="store_true", help="print what is wrong only")
    parser.add_argument("--notify", action="store_true", help="tell of a change, as configured")
    parser.add_argument(
        "--timeout", type=seconds, metavar="SECONDS", help="for each app's answers, instead of the configured time"
    )
    return parser


def seconds(text: str) -> float:
    """A time limit of the command line."""
    value = float(text)
    if not 0 < value <= 300:
        raise ValueError(text)
    return value
