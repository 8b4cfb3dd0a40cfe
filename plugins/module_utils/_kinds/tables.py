# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of the kinds in ``setup.toml``: one row each."""

from __future__ import annotations

import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit.table import TABLE as STREAMLIT
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.table import Table

TABLES: dict[str, Table] = {table.key.name: table for table in (STREAMLIT,)}


def tables() -> t.Iterable[Table]:
    """Every table, in the order of the rows; the first one is that of an app that does not say what it is."""
    return TABLES.values()


def kind_in(document: t.Mapping[str, t.Any]) -> str:
    """The kind of the app of a ``setup.toml``: the first whose table it has."""
    return next((name for name in TABLES if name in document), next(iter(TABLES)))
