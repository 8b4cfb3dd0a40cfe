# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._health import log as _health_log
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.report import CRITICAL, INFO

PUBLISHED = re.compile(
    r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - healthcheck\.py - (DEBUG|INFO|WARNING|ERROR|CRITICAL) - ", re.MULTILINE
)


def test_a_line_has_the_published_form() -> None:
    """S0-27, S0-83."""
    text = _health_log.as_text(_health_log.records([(INFO, "fine"), (CRITICAL, "not fine: größe")]))
    assert len(PUBLISHED.findall(text)) == len(text.splitlines()) == 2
    assert text.endswith("CRITICAL - not fine: größe\n")


def test_an_answer_of_an_app_makes_no_line_of_its_own() -> None:
    (record,) = _health_log.records([(CRITICAL, "answers 'a\n2026-01-01 - forged\x1b[31m'")])
    assert _health_log.as_text([record]).count("\n") == 1
    assert "\x1b" not in _health_log.as_text([record])


def test_51_mb_of_lines_are_six_files_of_at_most_10_mib(tmp_path: Path) -> None:
    """S0-83, C-16."""
    path = tmp_path / "healthcheck.log"
    records = _health_log.records([(INFO, "ü" * 50_000)] * 20)
    for _megabytes in range(0, 62, 2):
        _health_log.write(str(path), records)
    logs = sorted(tmp_path.glob("healthcheck.log*"))
    assert [file.name for file in logs] == ["healthcheck.log"] + [
        "healthcheck.log.%d" % number for number in range(1, 6)
    ]
    assert max(file.stat().st_size for file in logs) <= 10 * 1024 * 1024
    assert sum(file.stat().st_size for file in logs) > 50_000_000


def test_two_writers_lose_no_line_when_the_log_is_rotated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A timer's check and a person's, at once."""
    monkeypatch.setattr(_health_log, "MAX_BYTES", 4000)
    monkeypatch.setattr(_health_log, "BACKUPS", 1000)
    path = tmp_path / "healthcheck.log"

    def write(who: str) -> None:
        for number in range(40):
            _health_log.write(str(path), _health_log.records([(INFO, "%s %d" % (who, number))] * 3))

    threads = [threading.Thread(target=write, args=(who,)) for who in ("first", "second")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    text = "".join(file.read_text() for file in tmp_path.glob("healthcheck.log*"))
    assert len(PUBLISHED.findall(text)) == 2 * 40 * 3
