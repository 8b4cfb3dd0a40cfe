# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import configparser
import shlex

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.conf import (
    ConfError,
    command_text,
    plain,
    program_text,
)
from hypothesis import example, given, settings, strategies as st

LAYOUT = Layout("/")
HERE = "/etc/pyapps/supervisor/programs"
PRINTABLE = st.text(st.characters(exclude_categories=["Cc", "Cs"]))


def read_back(text: str) -> dict[str, dict[str, str]]:
    """What supervisor reads: its parser, its replacing of %(here)s, then its expansion (supervisor/options.py)."""
    parser = configparser.RawConfigParser(inline_comment_prefixes=(";", "#"), strict=False)
    parser.read_string(text)
    return {
        section: {key: value.replace("%(here)s", HERE) % {"here": HERE} for key, value in parser.items(section)}
        for section in parser.sections()
    }


@settings(deadline=None)
@given(st.lists(PRINTABLE, min_size=1))
@example(["100%", "%(here)s", " ;x", " #", "a b", "", "'", '"', "\\", "%", "\u00a0;", "\u2028x"])
def test_every_command_arrives_as_it_is(command: list[str]) -> None:
    """S0-45: whatever is in an argument, supervisor splits the command into exactly these arguments."""
    text = program_text("x", ["/bin/x", *command], layout=LAYOUT)
    found = read_back(text)
    assert list(found) == ["program:x"]
    assert shlex.split(found["program:x"]["command"]) == ["/bin/x", *command]


@settings(deadline=None)
@given(PRINTABLE)
def test_a_path_arrives_as_it_is_or_is_refused(path: str) -> None:
    """S0-45."""
    try:
        text = program_text("x", ["/bin/x"], layout=LAYOUT, directory="/" + path)
    except ConfError:
        return
    assert read_back(text)["program:x"]["directory"] == "/" + path


@settings(deadline=None)
@given(st.text())
def test_nothing_adds_a_section_or_an_option(hostile: str) -> None:
    """S0-45, X12: no value breaks out of its line."""
    usual = set(read_back(program_text("x", ["/bin/x"], layout=LAYOUT, user="me"))["program:x"])
    for options in ({"directory": hostile}, {"user": hostile}, {"command": ["/bin/x", hostile]}):
        values = {"command": ["/bin/x"], "user": "me", **options}
        try:
            text = program_text("x", layout=LAYOUT, **values)  # type: ignore[arg-type]
        except ConfError:
            continue
        found = read_back(text)
        assert (list(found), set(found["program:x"])) == (["program:x"], usual)


def test_a_percent_sign_in_the_root_reaches_the_logs() -> None:
    """S0-45: supervisor expands a program's log path twice."""
    found = read_back(program_text("x", ["/bin/x"], layout=Layout("/100%d")))["program:x"]
    assert found["stdout_logfile"] % {} == "/100%d/var/log/pyapps/x.out.log"


def test_a_program_has_what_the_host_needs() -> None:
    """S0-43, S0-45, S0-47, C-16: restarted for ever, whole process groups, rotated logs, no root."""
    name = "app_1." + "0" * 32
    found = read_back(program_text(name, ["/bin/x"], layout=LAYOUT, user="pyapp-app_1"))["program:" + name]
    log = "/var/log/pyapps/" + name
    assert found == {
        "command": "/bin/x",
        "directory": "/",
        "user": "pyapp-app_1",
        "autostart": "true",
        "autorestart": "true",
        "startsecs": "10",
        "startretries": "10",
        "stopsignal": "TERM",
        "stopwaitsecs": "10",
        "stopasgroup": "true",
        "killasgroup": "true",
        "stdout_logfile": log + ".out.log",
        "stdout_logfile_maxbytes": "10MB",
        "stdout_logfile_backups": "5",
        "stderr_logfile": log + ".err.log",
        "stderr_logfile_maxbytes": "10MB",
        "stderr_logfile_backups": "5",
    }


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a/b", "a]", "-a", "a\nb", "a;b", "ä"])
def test_a_name_that_supervisor_takes_apart_is_refused(name: str) -> None:
    """X12."""
    with pytest.raises(ConfError, match="program"):
        program_text(name, ["/bin/x"], layout=LAYOUT)


@pytest.mark.parametrize("value", ["a\nb", "a\x00", " a", "a ", "a ;b", "a #b", "%(here)s/x"])
def test_what_a_line_can_not_hold_is_refused_by_name(value: str) -> None:
    """S0-45."""
    with pytest.raises(ConfError, match="directory"):
        plain("directory", value)


def test_a_command_needs_a_program() -> None:
    with pytest.raises(ConfError, match="empty"):
        command_text([])
