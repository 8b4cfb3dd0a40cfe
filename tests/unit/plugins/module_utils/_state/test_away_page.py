# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the front shows while an app is away, and since when."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import away_page as _away_page


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(str(tmp_path))
    os.makedirs(layout.app("one").path)
    return layout


def test_the_flag_says_why_and_the_page_is_that_of_the_front(layout: Layout) -> None:
    app, page = layout.app("one"), Path(layout.away_page("one"))
    page.parent.mkdir(parents=True)
    page.write_text("<h1>away</h1>%s" % _away_page.SINCE)
    _away_page.set_down(layout, app, _away_page.STOPPED)
    assert Path(app.down).read_text().startswith(_away_page.STOPPED + " since 20")
    shown = Path(app.down_page).read_text()
    assert shown.startswith("<h1>away</h1>")
    assert "<p>Since <time datetime=" in shown
    assert _away_page.is_down_because(app, _away_page.STOPPED)
    assert not _away_page.is_down_because(app, _away_page.RESTARTS)
    _away_page.clear_down(app)
    _away_page.clear_down(app)
    assert not os.path.lexists(app.down)
    assert not os.path.lexists(app.down_page)
    assert not _away_page.is_down_because(app, _away_page.STOPPED)


def test_without_a_front_there_is_only_the_flag(layout: Layout) -> None:
    _away_page.set_down(layout, layout.app("one"), _away_page.DOES_NOT_ANSWER)
    assert os.path.exists(layout.app("one").down)
    assert not os.path.exists(layout.app("one").down_page)
