# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests cite rows of docs/contributing/requirements.md; what people use says the reason itself."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "contributing" / "requirements.md"
ROW = re.compile(r"\b(?:(?:S[0-3]|C)-[0-9]{2,3}|X[0-9]{1,2}(?=[:,;. )](?! Linux)))")


def _texts(*folders: str) -> t.Iterator[tuple[Path, str]]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".yml", ".md", ".j2") and path != PAGE and path != Path(__file__):
                yield path, path.read_text()


def test_every_row_that_a_test_cites_is_on_the_page_and_no_other() -> None:
    cited = {row for _path, text in _texts("tests", "molecule") for row in ROW.findall(text)}
    listed = re.findall(r"^\| (\S+) \| .* \|$", PAGE.read_text(), re.M)
    assert sorted(cited) == sorted(set(listed) - {"row", "---|---|---"})
    assert len(listed) == len(set(listed)) + listed.count("row") - 1


def test_product_files_say_the_reason_instead_of_a_row() -> None:
    found = [
        "%s: %s" % (path.relative_to(ROOT), row)
        for path, text in _texts("plugins", "roles", "playbooks", "docs/how-to", "docs/reference", "docs/explanation")
        for row in ROW.findall(text)
    ]
    assert found == []
