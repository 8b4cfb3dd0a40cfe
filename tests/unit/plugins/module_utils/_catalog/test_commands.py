# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.commands import split_command


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("pytest tests/", ["pytest", "tests/"]),
        ("python -c 'import x; x.go(1)' # \"a b\"", ["python", "-c", "import x; x.go(1)", "#", "a b"]),
    ],
)
def test_a_command_is_split_as_a_shell_splits_it(text: str, words: list[str]) -> None:
    assert split_command(text) == words


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "names no program"),
        ("'' x", "names no program"),
        ("a 'b", "no closing quotation"),
        ("cd src && pytest", "needs a shell for &&"),
        ("pytest; true", "needs a shell for ;"),
        ("pytest >log", "needs a shell for >"),
        ("a | b", "needs a shell for |"),
    ],
)
def test_what_only_a_shell_can_do_is_refused(text: str, says: str) -> None:
    """C-11: no shell reads what a file says."""
    with pytest.raises(ValueError, match=says.replace("|", "[|]")):
        split_command(text)
