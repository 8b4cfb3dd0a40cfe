# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of a container as each front includes them; that a real one does, tests/integration/test_front_names.py."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.names import HostNameError
from ansible_collections.selfhost.pyapps.plugins.module_utils._images import names as _container_names


def written(tmp_path: Path, given: str) -> list[str]:
    """The files for nginx and for Caddy."""
    layout = Layout(str(tmp_path))
    Path(layout.run).mkdir(parents=True, exist_ok=True)
    _container_names.write(layout, {_container_names.VARIABLE: given})
    return [Path(layout.front_names + ending).read_text() for ending in (".nginx", ".caddy")]


def test_given_names_stand_beside_its_own(tmp_path: Path) -> None:
    for text in written(tmp_path, "MyServer, apps.example.com"):
        assert all(name in text for name in ("myserver", r"apps\.example\.com", "localhost"))


def test_every_name_is_a_line_that_takes_all(tmp_path: Path) -> None:
    assert written(tmp_path, "*") == ['"~^" "";\n', "not vars_regexp {http.request.hostport} ^\n"]


def test_a_bad_name_writes_nothing(tmp_path: Path) -> None:
    """It would stand in the front's configuration."""
    with pytest.raises(HostNameError, match="'a;b' is not allowed"):
        written(tmp_path, "myserver,a;b")
    assert not list(tmp_path.glob("run/pyapps/*"))
