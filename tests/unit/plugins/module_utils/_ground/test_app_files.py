# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.app_files import (
    UnreadableError,
    check_regular,
    is_safe_path,
    read_app_text,
)


def test_a_text_is_read_also_through_a_link_inside_the_folder(tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_text("é\n", encoding="utf-8")
    (tmp_path / "link.txt").symlink_to("real.txt")
    assert read_app_text(str(tmp_path), str(tmp_path / "link.txt"), 1024) == "é\n"


def test_a_missing_file_is_no_unreadable_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_app_text(str(tmp_path), str(tmp_path / "none"), 1024)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfea", "begins as UTF-16 text"),
        (b"\xff\xfe\x00\xd8a\x00", "begins as UTF-16 text"),
        (b"\xef\xbb\xbfok\n\xe9", "not UTF-8 text .line 2"),
        (b"ok\n\xe9", "not UTF-8 text .line 2"),
        (b"x" * 1025, "larger than 1 KiB"),
    ],
)
def test_what_is_no_sane_text_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(UnreadableError, match=message):
        read_app_text(str(tmp_path), str(path), 1024)


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_what_windows_writes_is_read(tmp_path: Path, codec: str) -> None:
    """Notepad writes a byte order mark, PowerShell's > writes UTF-16; the mark is no part of the text."""
    text = "\ufeffé\r\n" if codec in ("utf-16-le", "utf-16-be") else "é\r\n"
    (tmp_path / "file").write_bytes(text.encode(codec))
    assert read_app_text(str(tmp_path), str(tmp_path / "file"), 1024) == "é\r\n"


def test_links_that_lead_out_or_nowhere_are_refused(tmp_path: Path) -> None:
    app = tmp_path / "app"
    app.mkdir()
    (tmp_path / "secret").write_text("x", encoding="utf-8")
    (tmp_path / "app2").write_text("x", encoding="utf-8")
    for name, target, message in (
        ("out", "../secret", "out of the app's folder"),
        ("beside", "../app2", "out of the app's folder"),
        ("absolute", "/etc/passwd", "out of the app's folder"),
        ("nowhere", "missing", "leads nowhere"),
        ("circle", "circle", "leads nowhere"),
    ):
        (app / name).symlink_to(target)
        with pytest.raises(UnreadableError, match=message):
            check_regular(str(app), str(app / name))


def test_folders_and_pipes_are_refused_without_waiting(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UnreadableError, match="a folder"):
        read_app_text(str(tmp_path), str(tmp_path / "folder"), 1024)
    with pytest.raises(UnreadableError, match="a named pipe"):
        read_app_text(str(tmp_path), str(tmp_path / "pipe"), 1024)


@pytest.mark.parametrize("path", ["a.py", "pages/1_Home.py", "Ünï.py", "日本.py", "👋_Hello.py", "a-b/c.d.py"])
def test_safe_paths(path: str) -> None:
    assert is_safe_path(path)


@pytest.mark.parametrize(
    "path",
    ["", "/a", "a/", "a//b", "../a", "a/../b", "./a", ".a", "a/.b", "-a", "a/-b", "a b", "a\tb", "a\nb", "a\x00", "~a"]
    + ["a%s" % sign for sign in "\"'`$&|;<>(){}[]*?!#%\\^=,:@+~\u00a0\u2028\u202e\u200b\u2019\uff0f\ud800"]
    + ["x" * 201],
)
def test_unsafe_paths(path: str) -> None:
    assert not is_safe_path(path)
