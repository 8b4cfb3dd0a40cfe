# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A person who forgets --become, on a host that root has laid out, is told that word and sees no traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path

import pytest

ONE_APP = {"app": ["app_1"]}
MODULES: dict[str, dict[str, t.Any]] = {
    "host_plan": {"apps": [], "source": "here:/apps"},
    "status_info": {},
    "doctor_info": {"port": 1},
    "health_info": {},
    "app_logs": {},
    "app_restart": {},
    "app_rollback": ONE_APP,
    "app_preview": {**ONE_APP, "state": "live"},
    "app_backup": {},
}
# The checkout may lie where only root can read, so everything is imported before root's rights go.
RUN = """
import importlib, os, sys
module, path, uid = sys.argv[1:]
found = importlib.import_module("ansible_collections.selfhost.pyapps.plugins.modules." + module)
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(int(uid))
    os.setuid(int(uid))
sys.argv = [module, path]
found.main()
"""


@pytest.fixture(scope="module")
def root() -> t.Iterator[Path]:
    """The folder of a host whose inner folders only their owner can read; who is not root has none at all."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:  # below a folder that everybody can enter
        folder = Path(name)
        folder.chmod(0o755)
        closed = [folder / "srv" / "pyapps", folder / "etc" / "pyapps", folder / "run" / "pyapps"]
        for path in closed:
            path.mkdir(parents=True)
            path.chmod(0o700 if os.geteuid() == 0 else 0)
        yield folder
        for path in closed:
            path.chmod(0o700)


@pytest.mark.parametrize("module", MODULES)
def test_the_missing_right_is_named(module: str, root: Path) -> None:
    arguments = root / (module + ".json")
    arguments.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": {"root": str(root), **MODULES[module]}}))
    arguments.chmod(0o644)
    done = subprocess.run(
        [sys.executable, "-c", RUN, module, arguments, "65534"],
        cwd="/",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "ANSIBLE_LOCAL_TEMP": "/tmp"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    answer = json.loads(done.stdout)
    assert answer["failed"]
    assert "Permission denied" in answer["msg"]
    assert answer["msg"].endswith(". Run as root: add --become, or ansible_become: true in the inventory.")
