# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.ctl import (
    live_programs,
    main,
    with_app_names,
)

INSTANCE = "0123456789abcdef" * 2
PROGRAMS = {"app_1": "app_1." + INSTANCE}


STATUS = """\
app_1.{live}   RUNNING   pid 7, uptime 0:00:39
app_1.{other}   BACKOFF   Exited too quickly (process log may have details)
app_2.{live}   STARTING  {nothing}
pyapps-watcher                           RUNNING   pid 9, uptime 1 day, 0:00:00
"""


def test_a_live_program_is_shown_by_its_apps_name() -> None:
    """S0-51, S0-101: with empty details too; an instance that is not live keeps its whole name; columns fit."""
    programs = {**PROGRAMS, "app_2": "app_2." + INSTANCE}
    other = "f" * 32
    shown = with_app_names(STATUS.format(live=INSTANCE, other=other, nothing=""), programs)
    assert shown.splitlines() == [
        "app_1".ljust(39) + "RUNNING   pid 7, uptime 0:00:39",
        "app_1.%s " % other + "BACKOFF   Exited too quickly (process log may have details)",
        "app_2".ljust(39) + "STARTING  ",
        "pyapps-watcher".ljust(39) + "RUNNING   pid 9, uptime 1 day, 0:00:00",
    ]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("app_1.%s: stopped\n" % INSTANCE, "app_1: stopped\n"),
        ("app_1.%s RUNNING   pid 7\n" % INSTANCE, "app_1".ljust(33) + "RUNNING   pid 7\n"),
        ("unix:///x.sock no such file\n", "unix:///x.sock no such file\n"),
        ("x: ERROR (no such process)\n", "x: ERROR (no such process)\n"),
        ("", ""),
    ],
)
def test_other_answers_of_supervisorctl(line: str, shown: str) -> None:
    """S0-48, S0-101."""
    assert with_app_names(line, PROGRAMS) == shown


def test_the_live_link_says_which_program_is_an_apps(tmp_path: Path) -> None:
    """S0-101: apps that are not live, or half there, have none."""
    layout = Layout(str(tmp_path))
    for name, target in (("app_1", "serving/%s.20001" % INSTANCE), ("odd", "elsewhere"), ("empty", None)):
        os.makedirs(layout.app(name).path)
        if target:
            os.symlink(target, layout.app(name).live)
    assert live_programs(layout) == PROGRAMS


# -- The command


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A host with a live app, and a supervisorctl that shows how it was called, and says three."""
    layout = Layout(str(tmp_path))
    os.makedirs(layout.app("app_1").path)
    os.symlink("serving/%s.20001" % INSTANCE, layout.app("app_1").live)
    program = Path(layout.tools) / "supervisor" / "bin" / "supervisorctl"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\necho "$4: $*"; echo warning >&2; exit 3\n')
    program.chmod(0o755)
    return layout


def test_an_app_is_named_to_supervisorctl_by_its_live_program(
    layout: Layout, capsys: pytest.CaptureFixture[str]
) -> None:
    """S0-101"""
    assert main(layout, ["restart", "app_1"]) == 3
    shown = capsys.readouterr()
    assert shown.out == "app_1: -c %s restart app_1.%s\n" % (layout.supervisor_conf, INSTANCE)
    assert shown.err == "warning\n"


def test_a_command_that_is_an_apps_name_stays_a_command(layout: Layout, capsys: pytest.CaptureFixture[str]) -> None:
    main(layout, ["status"])
    assert capsys.readouterr().out.endswith(" status\n")


def test_what_programs_have_written_is_shown_as_it_comes_without_what_a_terminal_obeys(
    layout: Layout, capsys: pytest.CaptureFixture[str]
) -> None:
    program = Path(layout.tools) / "supervisor" / "bin" / "supervisorctl"
    program.write_text("#!/bin/sh\nprintf 'one\\n\\033[2Jtwo\\n'; exit 5\n")
    assert main(layout, ["tail", "app_1"]) == 5
    first, second = capsys.readouterr().out.splitlines()
    assert first == "one"
    assert "\033" not in second


@pytest.mark.parametrize("arguments", [[], ["shell"], ["reload", "app_1"]])
def test_every_other_command_becomes_supervisorctl(
    layout: Layout, arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    became: list[list[str]] = []

    def become(program: str, words: list[str]) -> None:
        became.append(words)
        raise SystemExit

    monkeypatch.setattr(os, "execv", become)
    with pytest.raises(SystemExit):
        main(layout, arguments)
    assert became[0][3:] == [PROGRAMS.get(word, word) for word in arguments]


def test_without_supervisorctl_it_is_said_where_it_should_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """S0-48"""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(Layout(str(tmp_path / "root")), ["status"]) == 4
    assert "there is no supervisorctl, neither" in capsys.readouterr().err
