# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import shutil
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._health import schedule as _schedule
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.schedule import (
    NAME,
    Plan,
    ScheduleError,
    Wish,
    apply,
    crontab_text,
    files,
    plan,
    unit_text,
)

THEIRS = "# mine\n0 3 * * * backup 100\\%\n"
HERE = Layout("/home/me/100% of it")


def test_a_crontab_keeps_every_other_line_and_gets_ours_once() -> None:
    wish = Wish(HERE, "none", 5)
    once = crontab_text(wish, THEIRS)
    assert once.startswith(THEIRS)
    assert once.splitlines()[-1].startswith("*/5 * * * * ")
    assert r"/home/me/100\% of it/srv" in once, "a percent sign would end cron's line"
    assert crontab_text(wish, once) == once
    assert crontab_text(Wish(HERE, "none", 10), once).count("*/10 ") == 1
    assert crontab_text(Wish(HERE, "none", 0), once) == THEIRS
    other = crontab_text(Wish(Layout("/home/me/other"), "none", 5), once)
    assert crontab_text(Wish(HERE, "none", 0), other) == crontab_text(Wish(Layout("/home/me/other"), "none", 5), THEIRS)
    assert crontab_text(wish, "0 3 * * * no-line-end").count("\n") == 3


def test_a_unit_and_a_file_of_cron_name_the_command_as_they_read_it() -> None:
    assert '"/home/me/100%% of it/srv/pyapps/tools/pyapps.pyz" healthcheck --quiet --notify' in unit_text(HERE)
    (text,) = files(Wish(Layout("/"), "sysv", 7)).values()
    assert text
    assert text.splitlines()[-1].startswith("*/7 * * * * root ")


@pytest.mark.parametrize("manager", ["systemd", "sysv", "none"])
def test_nothing_is_wanted_where_it_shall_not_run(manager: str) -> None:
    assert set(files(Wish(HERE, manager, 0)).values()) <= {None}
    todo = plan(Wish(HERE, manager, 0), lambda *_arguments, **_options: (1, "", ""))
    assert not todo.changed


# -- What is planned and done


class Machine:
    """Answers commands, and keeps what it was asked."""

    def __init__(self, **codes: int) -> None:
        self.asked: list[str] = []
        self.given: list[t.Any] = []
        self.codes = codes
        self.crontab = ""

    def __call__(self, words: list[str], **options: t.Any) -> tuple[int, str, str]:
        self.asked.append(" ".join(words))
        self.given.append(options.get("data"))
        code = next((code for word, code in self.codes.items() if word.replace("_", "-") in words), 0)
        return code, self.crontab if words == ["crontab", "-l"] else "", "refused"


@pytest.fixture
def units(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where systemd and cron read their files, in this test."""
    monkeypatch.setattr(_schedule, "_UNITS", str(tmp_path))
    monkeypatch.setattr(_schedule, "_CRON_FILE", str(tmp_path / NAME))
    monkeypatch.setattr(shutil, "which", lambda name, path: "/usr/bin/" + name)
    return tmp_path


def done(wish: Wish, machine: Machine) -> Plan:
    todo = plan(wish, machine)
    machine.asked.clear()
    apply(todo, machine)
    return todo


def test_a_timer_is_written_and_started_once(units: Path) -> None:
    machine = Machine()
    assert done(Wish(HERE, "systemd", 5), machine).changed
    assert machine.asked == ["systemctl daemon-reload"] + [
        "systemctl %s %s.timer" % (verb, NAME) for verb in ("enable", "restart")
    ]
    assert sorted(path.name for path in units.iterdir()) == [NAME + ".service", NAME + ".timer"]
    assert "OnUnitActiveSec=5min" in (units / (NAME + ".timer")).read_text()
    assert not plan(Wish(HERE, "systemd", 5), machine).changed
    later = plan(Wish(HERE, "systemd", 10), machine)
    assert [entry["after_header"] for entry in later.diff] == [str(units / (NAME + ".timer"))]


@pytest.mark.parametrize("state", ["is_enabled", "is_active"])
def test_a_timer_that_somebody_has_stopped_is_started_again(units: Path, state: str) -> None:
    done(Wish(HERE, "systemd", 5), Machine())
    machine = Machine(**{state: 1})
    assert done(Wish(HERE, "systemd", 5), machine).service == ["enable", "restart"]


def test_a_timer_that_is_not_wanted_any_more_goes(units: Path) -> None:
    done(Wish(HERE, "systemd", 5), Machine())
    machine = Machine()
    done(Wish(HERE, "systemd", 0), machine)
    assert machine.asked == ["systemctl disable --now %s.timer" % NAME, "systemctl daemon-reload"]
    assert list(units.iterdir()) == []
    assert not plan(Wish(HERE, "systemd", 0), machine).changed


def test_cron_gets_a_file_as_root_and_a_line_otherwise(units: Path) -> None:
    machine = Machine()
    done(Wish(HERE, "sysv", 5), machine)
    assert machine.asked == []
    assert (units / NAME).exists()
    todo = done(Wish(HERE, "none", 5), machine)
    assert machine.asked == ["crontab -"]
    assert machine.given[-1] == todo.crontab == crontab_text(Wish(HERE, "none", 5), "")


def test_a_crontab_is_only_written_when_it_differs_and_removed_when_it_is_empty(units: Path) -> None:
    machine = Machine()
    wish = Wish(HERE, "none", 5)
    machine.crontab = crontab_text(wish, "")
    assert not plan(wish, machine).changed
    todo = done(Wish(HERE, "none", 0), machine)
    assert todo.changed
    assert machine.asked == ["crontab -r"]
    machine.crontab = crontab_text(wish, THEIRS)
    done(Wish(HERE, "none", 0), machine)
    assert (machine.asked, machine.given[-1]) == (["crontab -"], THEIRS)


def test_what_crontab_says_when_the_user_has_none_is_no_crontab(units: Path) -> None:
    machine = Machine(**{"-l": 1})
    machine.crontab = "no crontab for me"
    assert plan(Wish(HERE, "none", 5), machine).crontab == crontab_text(Wish(HERE, "none", 5), "")


def test_without_cron_it_is_said_what_to_do(units: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name, path: None)
    for manager in ("sysv", "none"):
        with pytest.raises(ScheduleError, match="install the package cron"):
            plan(Wish(HERE, manager, 5), Machine())
        assert not plan(Wish(HERE, manager, 0), Machine()).changed
    assert plan(Wish(HERE, "systemd", 5), Machine()).changed, "a timer needs no cron"


def test_a_command_that_is_refused_is_named(units: Path) -> None:
    with pytest.raises(ScheduleError, match="systemctl daemon-reload failed: refused"):
        done(Wish(HERE, "systemd", 5), Machine(daemon_reload=1))
