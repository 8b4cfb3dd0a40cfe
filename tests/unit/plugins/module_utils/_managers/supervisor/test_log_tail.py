# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor import log_tail as _log_tail
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.conf import log_path


def test_only_the_last_lines_are_shown_and_empty_ones_are_left_out(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("".join("line %d\n\n" % number for number in range(100_000)))
    assert _log_tail.tail(str(log)) == ["line %d" % number for number in range(99_980, 100_000)]


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"\x1b[31mred\x1b[0m\n", "red"),
        (b"\x1b]0;title\x07text\n", r"\x1b]0;title\x07text"),
        (b"a\rb\x00c\n", r"a\rb\x00c"),
        (b"a\tb \r\n", "a       b"),
        ("\u202eevil\u2066".encode(), r"\u202eevil\u2066"),
        ("\x9b31mred\u200b\u00ad\ufeff".encode(), r"\x9b31mred\u200b\xad\ufeff"),
        ("\U000e0041\u3164\u2028\ufffe".encode(), r"\U000e0041\u3164\u2028\ufffe"),
        ("\u2714\ufe0f \u00fcber \u65e5\u672c\u00a0!".encode(), "\u2714\ufe0f \u00fcber \u65e5\u672c\u00a0!"),
        (b"caf\xe9 \xc3\xa9\n", "caf\ufffd \u00e9"),
        (b"x" * 1000, "x" * 300),
    ],
)
def test_a_hostile_log_is_safe_to_show(tmp_path: Path, raw: bytes, shown: str) -> None:
    log = tmp_path / "log"
    log.write_bytes(raw)
    assert _log_tail.tail(str(log)) == [shown]


def test_errors_come_before_output_and_a_missing_log_is_empty(tmp_path: Path) -> None:
    layout = Layout(str(tmp_path))
    folder = Path(layout.log)
    folder.mkdir(parents=True)
    assert _log_tail.program_tail(layout, "a.b") == []
    (folder / "a.b.out.log").write_text("output\n")
    assert _log_tail.program_tail(layout, "a.b") == ["output"]
    (folder / "a.b.err.log").write_text("error\n")
    assert _log_tail.program_tail(layout, "a.b") == ["error"]


@pytest.mark.parametrize(
    ("errors", "output", "shown"),
    [
        ("Uvicorn server started\n", "- Traceback (most recent call last) -\nNameError: x\n", "NameError: x"),
        ("Traceback (most recent call last):\nNameError: x\n", "step 1\n", "NameError: x"),
        (
            "Traceback (most recent call last):\nNameError: x\n",
            "Traceback (most recent call last)\nOld: y\n",
            "NameError: x",
        ),
        ("warning\n", "step 1\n", "warning"),
    ],
)
def test_an_exception_is_found_in_either_stream(tmp_path: Path, errors: str, output: str, shown: str) -> None:
    layout = Layout(str(tmp_path))
    Path(layout.log).mkdir(parents=True)
    Path(layout.log, "a.b.err.log").write_text(errors)
    Path(layout.log, "a.b.out.log").write_text(output)
    assert _log_tail.cause(_log_tail.program_tail(layout, "a.b")) == shown


def test_a_long_traceback_is_known_by_its_first_line_and_a_broken_line_is_whole(tmp_path: Path) -> None:
    """As Rich prints it: a frame, and below it the message, cut at its width."""
    layout = Layout(str(tmp_path))
    Path(layout.log).mkdir(parents=True)
    Path(layout.log, "a.b.err.log").write_text("Uvicorn server started\n")
    frames = "  /code/app.py:2 in f\n" * 30
    text = "─── Traceback (most recent call last) ───\n%s%s\nKeyError: 'one\ntwo'\n" % (frames, "─" * 88)
    Path(layout.log, "a.b.out.log").write_text(text)
    shown = _log_tail.program_tail(layout, "a.b")
    assert len(shown) == _log_tail.LINES
    assert _log_tail.cause(shown) == "KeyError: 'one two'"


def test_the_last_exit_is_read_from_the_daemons_log(tmp_path: Path) -> None:
    layout = Layout(str(tmp_path))
    Path(layout.log).mkdir(parents=True)
    assert _log_tail.last_exit(layout, "a.b") is None
    Path(layout.log, "supervisord.log").write_text(
        "2026-11-21 07:42:00,000 WARN exited: a.b (exit status 2; not expected)\n"
        "2026-11-21 07:42:01,000 WARN exited: aab (exit status 3; not expected)\n"
        "2026-11-21 07:42:02,000 WARN exited: a.b (terminated by SIGKILL (core dumped); not expected)\n"
        "2026-11-21 07:42:03,000 WARN exited: a.bc (exit status 4; not expected)\n"
    )
    assert _log_tail.last_exit(layout, "a.b") == "terminated by SIGKILL (core dumped)"
    assert _log_tail.last_exit(layout, "a.bc") == "exit status 4"


def test_the_cause_is_the_exception() -> None:
    log = ["Traceback (most recent call last):", "ModuleNotFoundError: No module named 'x'"]
    assert _log_tail.cause(log) == "ModuleNotFoundError: No module named 'x'"
    assert _log_tail.cause([]) == "see its log"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("2026-11-29 01:11:02.918 Uncaught app execution", True),  # Streamlit 1.67
        ("2026-11-29 01:11:02.918 Uncaught app exception", True),  # 1.41
        ("╭─────── Traceback (most recent call last) ───────╮", True),  # with Rich
        ("Traceback (most recent call last):", False),  # what an app has caught and logged
    ],
)
def test_what_an_app_has_caught_is_no_uncaught_exception(tmp_path: Path, line: str, told: bool) -> None:
    layout = Layout(str(tmp_path))
    os.makedirs(layout.log)
    log = Path(log_path(layout, "a.b", "out"))
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("\n".join([line, *["  a long traceback"] * 2000]))
    assert _log_tail.tells_uncaught(layout, "a.b", "Uncaught app ") is told
