# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.lock import LockedError, host_lock

_HOLDER = """
import sys, signal
sys.path[:0] = {path!r}
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.lock import host_lock
with host_lock({lock!r}, 1, "deploys app_1"):
    print("held", flush=True)
    signal.pause()
"""


def test_the_second_is_told_who_holds_the_lock_and_a_killed_holder_frees_it(tmp_path: Path) -> None:
    lock = str(tmp_path / "lock")
    script = _HOLDER.format(path=sys.path, lock=lock)
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with (
            pytest.raises(LockedError, match=r"pid %d deploys app_1 holds .*waited 0\.2 s" % holder.pid),
            host_lock(lock, 0.2, "asks"),
        ):
            pytest.fail("two held it")
        os.kill(holder.pid, signal.SIGKILL)
    with host_lock(lock, 5, "asks"):
        assert Path(lock).read_text() == "pid %d asks\n" % os.getpid()
