# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.registry import (
    KINDS,
    UnknownKindError,
    kind_of,
    kinds,
)


def test_every_kind_is_found_by_its_name() -> None:
    assert [kind_of({"kind": kind.name}) for kind in kinds()] == list(KINDS.values())


def test_an_unknown_kind_is_told_with_those_that_are_known() -> None:
    with pytest.raises(UnknownKindError, match=r"'wsgi' is not known; known are: streamlit"):
        kind_of({"kind": "wsgi"})
