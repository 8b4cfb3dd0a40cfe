# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of apps that this version knows: one row each.

Only what every module may need is behind these rows, because each task sends all that its module imports.
"""

from __future__ import annotations

import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.base import Kind, Settings
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit.kind import STREAMLIT

KINDS: dict[str, Kind] = {kind.name: kind for kind in (STREAMLIT,)}


class UnknownKindError(ValueError):
    """An app of a kind that this version does not know."""


def kinds() -> t.Iterable[Kind]:
    """Every kind, in the order of the rows."""
    return KINDS.values()


def kind_of(entry: Settings) -> Kind:
    """The kind of an app.

    :param entry: of the catalog, or what ``release.json`` holds
    :raises UnknownKindError: this version does not know it; the text names those that it knows
    """
    name = entry["kind"]
    try:
        return KINDS[name]
    except KeyError:
        raise UnknownKindError("kind %r is not known; known are: %s" % (name, ", ".join(sorted(KINDS)))) from None


def made_paths() -> list[str]:
    """Paths in an app's folder that its release has from us, and never from the folder: settings, secrets."""
    return [path for kind in kinds() for path in (*kind.generated, kind.secrets_file) if path]


def package_of(entry: Settings) -> str:
    """What must be among the packages of an app's environment; "" for nothing, as of a kind that is not known.

    :param entry: of the catalog
    """
    kind = KINDS.get(entry["kind"])
    return kind.package if kind else ""
