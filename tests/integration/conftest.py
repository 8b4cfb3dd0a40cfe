# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests with real servers share."""

from __future__ import annotations

import typing as t

import pytest
from helpers.checked_host import CheckedHost
from helpers.serving_host import ServingHost


@pytest.fixture
def serving_host() -> t.Iterator[ServingHost]:
    """A host of its own with a running supervisord and no apps yet."""
    host = ServingHost()
    try:
        yield host
    finally:
        host.close()


@pytest.fixture(scope="module")
def _checked_host() -> t.Iterator[CheckedHost]:
    host = ServingHost()
    try:
        found = CheckedHost(host, "nginx")
        yield found
        found.front.close()
    finally:
        host.close()


@pytest.fixture
def checked(_checked_host: CheckedHost) -> t.Iterator[CheckedHost]:
    """Two apps that are well, on a host that a file's tests share; afterwards it is well again."""
    yield _checked_host
    _checked_host.restore()
