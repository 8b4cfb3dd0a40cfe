# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._host import tools as _host_tools


def test_what_differs_is_installed_once(tmp_path: Path) -> None:
    """S0-29: a second run finds nothing to do; a changed zipapp is seen by its hash."""
    layout = Layout(str(tmp_path / "a b"))
    source = tmp_path / "source"
    source.write_bytes(b"one")
    wanted = _host_tools.checksum(b"one")

    needed = _host_tools.differences(layout, wanted)
    assert (needed.zipapp, needed.command) == (True, True)
    _host_tools.install(layout, needed, str(source))

    assert Path(layout.zipapp).read_bytes() == b"one"
    assert stat.S_IMODE(os.stat(layout.zipapp).st_mode) == 0o644
    assert stat.S_IMODE(os.stat(layout.command).st_mode) == 0o755
    assert "'%s'" % layout.zipapp in Path(layout.command).read_text()
    assert _host_tools.differences(layout, wanted) == _host_tools.Differences(False, False, [])
    changed = _host_tools.differences(layout, _host_tools.checksum(b"two"))
    assert (changed.zipapp, changed.command) == (True, False)
    assert changed.diff[0]["before"] == "sha256 %s\n" % wanted


def test_a_command_of_somebody_else_is_never_replaced(tmp_path: Path) -> None:
    layout = Layout(str(tmp_path))
    os.makedirs(os.path.dirname(layout.command))
    Path(layout.command).write_text("#!/bin/sh\n")
    with pytest.raises(_host_tools.ForeignCommandError, match=layout.command):
        _host_tools.differences(layout, "")


def test_the_command_is_in_everybodys_path_on_a_host() -> None:
    assert Layout("/").command == "/usr/local/bin/pyapps"
