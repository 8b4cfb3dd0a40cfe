# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Following the logs of a container."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._images import logs as _container_logs

APP = "app_1.%s" % ("0" * 32)


class Logs:
    """A folder of logs, and what its follower has written since it was asked last."""

    def __init__(self, layout: Layout) -> None:
        self.folder, self._written = Path(layout.log), b""
        self.folder.mkdir(parents=True)
        self.follower = _container_logs.Follower(layout, self._write)

    def _write(self, text: bytes) -> None:
        self._written += text

    def say(self, program: str, text: str) -> None:
        with (self.folder / ("%s.out.log" % program)).open("a") as file:
            file.write(text)

    def shown(self) -> list[str]:
        self.follower.look()
        text, self._written = self._written.decode(), b""
        return text.splitlines()


@pytest.fixture
def logs(tmp_path: Path) -> Logs:
    return Logs(Layout(str(tmp_path)))


@pytest.mark.parametrize(
    ("file", "name"),
    [
        (APP + ".out.log", "app_1"),
        (APP + ".err.log", "app_1"),
        ("pyapps-nginx.err.log", "pyapps-nginx"),
        ("pyapps-logs.out.log", None),
        ("supervisord.log", None),
        ("healthcheck.log", None),
        (APP + ".out.log.1", None),
    ],
)
def test_each_line_has_the_name_that_people_know(file: str, name: str | None) -> None:
    assert _container_logs.name_of("/var/log/pyapps/" + file) == name


def test_new_lines_are_shown_when_they_are_whole(logs: Logs) -> None:
    assert logs.shown() == []
    logs.say(APP, "one\ntw")
    logs.say("pyapps-nginx", "ready\n")
    assert logs.shown() == ["app_1 | one", "pyapps-nginx | ready"]
    logs.say(APP, "o\n")
    assert logs.shown() == ["app_1 | two"]


def test_what_an_earlier_start_has_said_is_not_said_again(logs: Logs) -> None:
    logs.say(APP, "long ago\n")
    assert logs.shown() == []
    logs.say(APP, "now\n")
    assert logs.shown() == ["app_1 | now"]


def test_nothing_is_lost_when_a_log_is_rotated(logs: Logs) -> None:
    """C-16: supervisord renames the full file and begins another one."""
    logs.say(APP, "one\n")
    logs.shown()
    logs.say(APP, "two\n")
    path = logs.folder / (APP + ".out.log")
    assert logs.shown() == ["app_1 | two"]
    logs.say(APP, "three\n")
    os.rename(path, "%s.1" % path)
    logs.say(APP, "four\n")
    assert logs.shown() == ["app_1 | three", "app_1 | four"]


def test_a_log_that_was_emptied_is_followed_from_its_beginning(logs: Logs) -> None:
    """``supervisorctl clear``."""
    logs.shown()
    logs.say(APP, "a long first line\n")
    logs.shown()
    (logs.folder / (APP + ".out.log")).write_text("new\n")
    assert logs.shown() == ["app_1 | new"]


def test_an_overlong_line_comes_in_parts(logs: Logs) -> None:
    logs.shown()
    logs.say(APP, "x" * 200_000)
    parts = logs.shown()
    assert len(parts) > 1
    logs.say(APP, "\n")
    assert "".join(part.partition(" | ")[2] for part in [*parts, *logs.shown()]) == "x" * 200_000


def test_the_logs_of_an_instance_that_is_gone_are_let_go(logs: Logs) -> None:
    logs.shown()
    logs.say(APP, "one\n")
    logs.shown()
    (logs.folder / (APP + ".out.log")).unlink()
    assert logs.shown() == []
    logs.say(APP, "another file\n")
    assert logs.shown() == ["app_1 | another file"]


@pytest.mark.parametrize(("value", "wanted"), [("true", True), ("True", True), ("1", False), ("", False)])
def test_a_variable_asks_for_it(value: str, wanted: bool) -> None:
    """As ALWAYS_HEALTHY: only ``true`` counts."""
    assert _container_logs.is_wanted({_container_logs.VARIABLE: value}) is wanted
