# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What never leaves the controller."""

from __future__ import annotations

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.ignore import IgnoreError, IgnoreRules


@pytest.mark.parametrize(
    ("path", "is_folder"),
    [
        (".git", True),
        ("vendor/lib/.git", False),  # a submodule's is a file
        (".venv", True),
        ("venv", True),
        ("pkg/__pycache__", True),
        ("pkg/old.pyc", False),
        ("web/node_modules", True),
        (".env", False),
        (".env.production", False),
        ("sub/.env", False),
        (".DS_Store", False),
        (".streamlit/secrets.toml", False),
        (".streamlit/config.toml", False),
        ("setup.toml", False),
        (".pyappsignore", False),
    ],
)
def test_what_is_always_left_out(path: str, is_folder: bool) -> None:
    """S0-97: no secret, environment or cache is sent, whatever .pyappsignore says."""
    assert IgnoreRules("!*\n").leaves_out(path, is_folder)


@pytest.mark.parametrize(
    ("path", "is_folder"),
    [("app.py", False), ("venv", False), ("pages/setup.toml", False), ("environment.py", False), (".github", True)],
)
def test_what_only_looks_like_it_is_sent(path: str, is_folder: bool) -> None:
    assert not IgnoreRules().leaves_out(path, is_folder)


@pytest.mark.parametrize(
    ("patterns", "path", "is_folder", "left_out"),
    [
        ("*.csv", "a.csv", False, True),
        ("*.csv", "deep/er/a.csv", False, True),
        ("*.csv", "a.csv.py", False, False),
        ("drafts/", "drafts", True, True),
        ("drafts/", "deep/drafts", True, True),
        ("drafts/", "drafts", False, False),
        ("/notes.md", "notes.md", False, True),
        ("/notes.md", "deep/notes.md", False, False),
        ("docs/*.pdf", "docs/a.pdf", False, True),
        ("docs/*.pdf", "docs/deep/a.pdf", False, False),
        ("docs/*.pdf", "other/docs/a.pdf", False, False),
        ("docs/**/*.pdf", "docs/a.pdf", False, True),
        ("docs/**/*.pdf", "docs/deep/er/a.pdf", False, True),
        ("**/x", "x", False, True),
        ("**/x", "a/b/x", False, True),
        ("a/**", "a", True, True),
        ("a/**/**/b", "a/b", False, True),
        ("a/**/b/**/c", "a/x/b/b/y/c", False, True),
        ("a/**/b/**/c", "a/x/b/b/y/d", False, False),
        ("**", "deep/er/a.csv", False, True),
        ("a?c", "abc", False, True),
        ("a?c", "ABC", False, False),
        ("[ab].txt", "b.txt", False, True),
        ("# *.py", "app.py", False, False),
        ("", "app.py", False, False),
        ("/", "app.py", False, False),
        ("!", "app.py", False, False),
        ("*.csv\n!keep.csv", "keep.csv", False, False),
        ("!keep.csv\n*.csv", "keep.csv", False, True),
        ("  *.csv  ", "a.csv", False, True),
    ],
)
def test_patterns_of_an_app(patterns: str, path: str, is_folder: bool, left_out: bool) -> None:
    assert IgnoreRules(patterns).leaves_out(path, is_folder) is left_out


def test_many_stars_take_no_time() -> None:
    """Each ``**`` could begin anywhere: tried one after the other, this would not end in a lifetime."""
    rules = IgnoreRules("/".join(["**/a"] * 40) + "\n" + "*a" * 90)
    assert not rules.leaves_out("/".join("a" * 99) + "/b", is_folder=False)
    assert rules.leaves_out("/".join("a" * 99), is_folder=False)


@pytest.mark.parametrize("text", ["a" * 201, "!" + "*" * 200, "a\n" * 501])
def test_a_file_that_would_take_too_long_is_refused(text: str) -> None:
    with pytest.raises(IgnoreError):
        IgnoreRules(text)
