# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the watcher starts; what it does then is in the integration tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._entry import watcher as _watcher
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout


def test_it_says_that_it_watches_once_the_guard_has_looked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until then an app that ends is not told from who takes its port."""
    layout = Layout(str(tmp_path))
    said: list[bool] = []

    def over(_watcher: object) -> None:
        raise SystemExit

    monkeypatch.setattr(_watcher.RouteGuard, "look", lambda _guard: said.append(os.path.lexists(layout.watched)))
    monkeypatch.setattr(_watcher, "_guard_routes", lambda _guard: None)
    monkeypatch.setattr(_watcher.Watcher, "run", over)
    monkeypatch.setattr(_watcher, "die_with_parent", lambda: None)
    monkeypatch.setattr(os, "nice", lambda _by: 0)
    with pytest.raises(SystemExit):
        _watcher.main(layout)
    assert said == [False]
    assert os.readlink(layout.watched) == "/proc/%d" % os.getpid()
