# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server's own log is closed to others, and nothing else is changed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.private_log import correct, differences, is_kept


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_only_a_file_is_kept() -> None:
    assert is_kept("/var/log/nginx/access.log")
    assert not is_kept("")
    assert not is_kept("/dev/stdout")


def test_a_log_that_is_missing_is_made_closed(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    assert differences(str(log)) == [str(log)]
    correct(str(log))
    assert mode(log) == 0o640
    assert differences(str(log)) == []


def test_logs_that_others_may_read_are_closed_and_keep_their_text(tmp_path: Path) -> None:
    log, rotated, other = tmp_path / "a.log", tmp_path / "a.log.1", tmp_path / "b.log"
    for path in (log, rotated, other):
        path.write_text("text")
        path.chmod(0o644)
    assert differences(str(log)) == [str(log), str(rotated)]
    for path in differences(str(log)):
        correct(path)
    assert (mode(log), mode(rotated), mode(other)) == (0o640, 0o640, 0o644)
    assert log.read_text() == "text"
    assert differences(str(log)) == []


def test_what_is_no_file_of_its_own_is_left_alone(tmp_path: Path) -> None:
    secret, log = tmp_path / "secret", tmp_path / "a.log"
    secret.write_text("x")
    secret.chmod(0o644)
    os.link(secret, log)
    correct(str(log))
    assert mode(secret) == 0o644
    log.unlink()
    log.symlink_to(secret)
    assert differences(str(log)) == []
    with pytest.raises(OSError, match="symbolic links"):
        correct(str(log))
    assert mode(secret) == 0o644
    log.unlink()
    os.mkfifo(log, 0o666)
    os.chmod(log, 0o666)
    assert differences(str(log)) == []
