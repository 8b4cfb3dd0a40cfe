# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pages a front serves itself, and which go."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.files import no_page_files
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(str(tmp_path))
    os.makedirs(layout.front_apps)
    Path(layout.away_page("one")).touch()
    return layout


def test_all_pages_go_with_the_front(layout: Layout) -> None:
    files = no_page_files(layout)
    assert {file.content for file in files} == {None}
    assert {layout.gallery_page, layout.not_found_page, layout.away_page("one")} <= {file.path for file in files}
    assert os.path.join(layout.front, "unavailable.html") in {file.path for file in files}


def test_a_host_without_pages_of_apps_has_none_to_remove(tmp_path: Path) -> None:
    assert len(no_page_files(Layout(str(tmp_path)))) == 3
