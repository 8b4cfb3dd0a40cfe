# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``pyapps healthcheck``: options, forms and exit codes; what is looked at is given."""

from __future__ import annotations

import json
import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._health import cli as _cli
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.cli import main, seconds
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.report import Finding, Report

ILL = Finding("app", "one", ("down",))
WELL = Finding("program", "web", state="RUNNING", detail="pid 7")


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    monkeypatch.delenv("ALWAYS_HEALTHY", raising=False)
    layout = Layout(str(tmp_path))
    for path in (layout.healthcheck_log, layout.healthcheck_notify, layout.healthcheck_told):
        os.makedirs(os.path.dirname(path), exist_ok=True)
    return layout


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch) -> list[t.Any]:
    """What will be found; the time limit comes to its end."""
    found: list[t.Any] = [ILL, WELL]

    def check(layout: Layout, timeout: float | None) -> Report:
        report = Report([each for each in found if isinstance(each, Finding)], "2026-11-21T00:00:00Z", 0.1)
        found.append(timeout)
        return report

    monkeypatch.setattr(_cli, "check", check)
    return found


def lines(text: str) -> list[str]:
    return [line.split(" - ", 2)[2] for line in text.splitlines()]


def test_everything_is_printed_and_logged(
    layout: Layout, look: list[t.Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(layout, []) == 1
    shown = lines(capsys.readouterr().out)
    assert any(line.startswith("CRITICAL") and "down" in line for line in shown)
    assert any("web" in line for line in shown)
    assert lines(Path(layout.healthcheck_log).read_text()) == shown
    assert look[-1] is None


def test_quietly_only_what_is_wrong_is_printed_and_all_is_logged(
    layout: Layout, look: list[t.Any], capsys: pytest.CaptureFixture[str]
) -> None:
    main(layout, ["--quiet"])
    shown = lines(capsys.readouterr().out)
    assert shown
    assert all(line.startswith("CRITICAL") for line in shown)
    assert len(lines(Path(layout.healthcheck_log).read_text())) > len(shown)


def test_a_program_can_read_it(layout: Layout, look: list[t.Any], capsys: pytest.CaptureFixture[str]) -> None:
    main(layout, ["--json"])
    assert json.loads(capsys.readouterr().out)["problems"] == [{"kind": "app", "name": "one", "problem": "down"}]
    main(layout, ["--prometheus"])
    assert "# TYPE pyapps_" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("findings", "code"),
    [([WELL], 0), ([WELL, ILL], 1), ([WELL, Finding("host", "host", unknown=("gone",))], 2)],
)
def test_the_exit_code_says_well_ill_or_unknown(
    layout: Layout, look: list[t.Any], findings: list[Finding], code: int
) -> None:
    look[:] = findings
    assert main(layout, []) == code


def test_who_does_not_want_to_know_is_told_that_all_is_well(
    layout: Layout, look: list[t.Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """S0-80"""
    monkeypatch.setenv("ALWAYS_HEALTHY", "true")
    Path(layout.healthcheck_notify).write_text("{")
    assert main(layout, ["--notify"]) == 0
    assert "down" not in capsys.readouterr().out
    assert len(look) == 2, "nothing was looked at"


def test_a_change_is_told_where_it_is_wanted(layout: Layout, look: list[t.Any], tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    Path(layout.healthcheck_notify).write_text(json.dumps({"command": ["/usr/bin/tee", str(heard)]}))
    main(layout, [])
    assert not heard.exists()
    main(layout, ["--notify"])
    assert json.loads(heard.read_text())["state"] == "unhealthy"


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ("{", "healthcheck-notify.json"),
        ('{"command": ["/no/such/program"]}', "nobody was told: the command did not take it"),
    ],
)
def test_that_nobody_could_be_told_is_a_line_and_no_illness(
    layout: Layout, look: list[t.Any], capsys: pytest.CaptureFixture[str], settings: str, text: str
) -> None:
    Path(layout.healthcheck_notify).write_text(settings)
    assert main(layout, ["--notify"]) == 1
    (line,) = [line for line in lines(capsys.readouterr().out) if "[CHECK]" in line and text in line]
    assert line.startswith("CRITICAL")


def test_a_note_that_can_not_be_written_is_a_line(
    layout: Layout, look: list[t.Any], capsys: pytest.CaptureFixture[str]
) -> None:
    Path(layout.healthcheck_notify).write_text(json.dumps({"command": ["/usr/bin/true"]}))
    os.mkdir(layout.healthcheck_told + ".lock")
    main(layout, ["--notify"])
    assert "[CHECK] nobody was told: Is a directory" in capsys.readouterr().out


def test_the_time_limit_can_be_given(layout: Layout, look: list[t.Any]) -> None:
    main(layout, ["--timeout", "2.5"])
    assert look[-1] == 2.5


@pytest.mark.parametrize("text", ["0", "-1", "301", "soon", "nan"])
def test_a_time_limit_that_is_none_is_refused(
    layout: Layout, look: list[t.Any], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(layout, ["--timeout", text])
    assert caught.value.code == 2
    assert "invalid seconds value" in capsys.readouterr().err


def test_the_longest_time_limit() -> None:
    assert (seconds("300"), seconds("0.1")) == (300, 0.1)


def test_two_forms_at_once_are_refused(layout: Layout, look: list[t.Any]) -> None:
    with pytest.raises(SystemExit):
        main(layout, ["--json", "--prometheus"])
