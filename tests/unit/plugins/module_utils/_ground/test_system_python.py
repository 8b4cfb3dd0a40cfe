# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The interpreter that runs the zipapp."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import system_python as _system_python
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.system_python import system_python


@pytest.mark.parametrize(("name", "is_taken"), [("python3.9", True), ("python3.13", True), ("python3.8", False)])
def test_the_systems_python_is_taken_when_it_is_new_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, is_taken: bool
) -> None:
    (tmp_path / name).write_text("")
    (tmp_path / name).chmod(0o755)
    system = tmp_path / "python3"
    system.symlink_to(name)
    monkeypatch.setattr(_system_python, "_SYSTEM_PYTHON", str(system))
    assert (system_python() == str(system)) is is_taken
    assert Path(system_python()).exists()
