# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path

from ansible_collections.selfhost.pyapps.plugins.module_utils._host import zipapp as _zipapp


def test_it_is_the_same_bytes_every_time() -> None:
    """S0-29: nothing of the day, the user or the controller is in it, or each run would send it again."""
    content = _zipapp.build()
    assert content == _zipapp.build()
    for entry in zipfile.ZipFile(io.BytesIO(content)).infolist():
        assert entry.date_time == (1980, 1, 1, 0, 0, 0)
        assert entry.compress_type == zipfile.ZIP_STORED


def test_it_holds_what_it_needs_and_no_more() -> None:
    names = _zipapp.needed_modules()
    assert {"_entry.cli", "_deploy.starter", "_entry.watcher", "_managers.supervisor.rpc"} <= set(names)
    assert not {"_catalog.setup_toml", "_environments.uv", "_host.zipapp"} & set(names)


def test_it_runs_alone(tmp_path: Path) -> None:
    """Without this collection, Ansible or anything but the standard library."""
    path = tmp_path / "pyapps.pyz"
    path.write_bytes(_zipapp.build())
    command = [sys.executable, "-I", "-S", str(path), "start", str(tmp_path), "app_1", "0" * 32]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("pyapps: app_1 cannot start: %s" % tmp_path)
    assert done.stderr.count("\n") == 1
    for name in _zipapp.needed_modules():
        statement = "import sys; sys.path.insert(0, %r); import %s.%s" % (str(path), _zipapp.PACKAGE, name)
        subprocess.run([sys.executable, "-I", "-S", "-c", statement], check=True)
