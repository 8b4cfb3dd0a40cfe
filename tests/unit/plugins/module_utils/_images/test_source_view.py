# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder of links in which an app runs while a person works on it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._images.source_view import make_view


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A mounted folder, the release whose place it takes, and the view of it."""
    source, code, data = tmp_path / "source", tmp_path / "code", tmp_path / "data"
    for folder in (source / ".streamlit", source / "db", source / "pages", code / ".streamlit", code / "db", data):
        folder.mkdir(parents=True)
    (source / "main.py").write_text("mounted")
    (source / "pages" / "more.py").write_text("mounted")
    (source / "db" / "visitors.db").write_text("a person's")
    (source / "db" / "schema.sql").write_text("mounted")
    (source / ".streamlit" / "config.toml").write_text("a person's")
    (source / ".streamlit" / "style.css").write_text("mounted")
    (code / "main.py").write_text("of the release")
    (code / ".streamlit" / "config.toml").write_text("generated")
    (data / "visitors.db").write_text("the app's")
    (code / "db" / "visitors.db").symlink_to("../../data/visitors.db")
    make_view(str(source), str(code), str(tmp_path / "view"), ["db/visitors.db", "absent.txt"])
    return tmp_path


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("main.py", "mounted"),
        ("pages/more.py", "mounted"),
        ("db/schema.sql", "mounted"),
        (".streamlit/style.css", "mounted"),
        (".streamlit/config.toml", "generated"),
        ("db/visitors.db", "the app's"),
    ],
)
def test_code_is_what_is_mounted_and_the_rest_the_release(made: Path, path: str, text: str) -> None:
    assert (made / "view" / path).read_text() == text


def test_what_is_saved_later_is_seen(made: Path) -> None:
    """An editor writes a new file and renames it; what a folder gets later is in it."""
    (made / "source" / "new.py").write_text("saved")
    os.rename(made / "source" / "new.py", made / "source" / "main.py")
    (made / "source" / "pages" / "late.py").write_text("late")
    assert (made / "view" / "main.py").read_text() == "saved"
    assert (made / "view" / "pages" / "late.py").read_text() == "late"


def test_nothing_of_a_person_is_written_to(made: Path) -> None:
    (made / "view" / "db" / "visitors.db").write_text("changed by the app")
    assert (made / "source" / "db" / "visitors.db").read_text() == "a person's"
    assert not (made / "view" / "absent.txt").exists()
