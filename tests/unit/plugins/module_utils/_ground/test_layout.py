# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
from pathlib import Path

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout


def test_a_kept_data_folder_is_not_a_deployed_app(tmp_path: Path) -> None:
    layout = Layout(str(tmp_path))
    os.makedirs(layout.app("kept").data)
    os.makedirs(layout.app("deployed").releases)
    os.makedirs(layout.app("deployed").data)
    assert layout.deployed_app_names() == ["deployed"]


def test_a_host_without_a_store_has_no_apps(tmp_path: Path) -> None:
    assert Layout(str(tmp_path)).deployed_app_names() == []
