# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the builder of the documentation refuses, and how it heads the roles."""

from __future__ import annotations

from pathlib import Path

import pytest
from tools import docs_site


def test_a_link_to_a_heading_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Also to and from pages that MkDocs does not check; the query of a page and other sites are not ours."""
    (tmp_path / "roles").mkdir()
    (tmp_path / "roles" / "index.html").write_text('<h2 id="nginx"></h2><h2 id="s&amp;p"></h2><a href="../#top">x</a>')
    (tmp_path / "index.html").write_text(
        '<p id="top"><a href="roles/#nginx">a</a><a class="b" href="roles/#pyapps">b</a>'
        '<a href="#top">c</a><a href="#gone">d</a><a href="https://example.com/#x">e</a><a href="nowhere/#y">f</a>'
    )
    assert docs_site.dead_anchors(tmp_path) == [
        "index.html: #gone",
        "index.html: nowhere/#y",
        "index.html: roles/#pyapps",
    ]
    with pytest.raises(ValueError, match=r"(?s)not there.*roles/#pyapps"):
        docs_site.on_post_build({"site_dir": str(tmp_path)})


def test_a_roles_heading_is_what_links_to_it_name() -> None:
    """``roles.md#pyapps`` once led nowhere, because that README is headed by the role's full name."""
    pages = docs_site.made_pages()
    headings = {line for line in pages["reference/roles.md"].splitlines() if line.startswith("## ")}
    assert headings == {"## " + path.parent.name for path in docs_site.CHECKOUT.glob("roles/*/README.md")}


def test_each_cell_of_a_table_says_what_its_column_is() -> None:
    """A head may hold markup; a cell beyond the heads has no label, and nothing else is changed."""
    head = '<table>\n<tr>\n<th>key</th>\n<th style="text-align: right">its <code>type</code></th>\n</tr>\n'
    made = docs_site.on_page_content(head + "<tr><td>a</td><td>b</td><td>c</td></tr></table><td>", None, None, None)
    row = '<tr><td data-label="key">a</td><td data-label="its type">b</td><td data-label="">c</td></tr></table><td>'
    assert made == head + row
