# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The interpreter that runs our zipapp on a host."""

from __future__ import annotations

import os
import re
import sys

OLDEST_PYTHON = (3, 9)
_SYSTEM_PYTHON = "/usr/bin/python3"


def system_python() -> str:
    """The interpreter that runs our zipapp: the system's when it is new enough, else the one below any environment.

    Which one it is goes into program files, so it must not depend on who asks: environments come and go.
    """
    version = re.fullmatch(r"python3\.(\d+)", os.path.basename(os.path.realpath(_SYSTEM_PYTHON)))
    if version and (3, int(version.group(1))) >= OLDEST_PYTHON and os.access(_SYSTEM_PYTHON, os.X_OK):
        return _SYSTEM_PYTHON
    base = os.path.join(sys.base_prefix, "bin", "python%d.%d" % sys.version_info[:2])
    return base if os.access(base, os.X_OK) else sys.executable
