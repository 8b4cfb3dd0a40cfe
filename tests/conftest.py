# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every test can use. (pyproject.toml makes ``ansible_collections.selfhost.pyapps`` importable.)"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

# No test fails because the machine is busy.
settings.register_profile("without-deadline", deadline=None)
settings.load_profile("without-deadline")

CHECKOUT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The folder of the clone that is being tested."""
    return CHECKOUT
