# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds that add something to a release: one row each."""

from __future__ import annotations

from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.base import Settings
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.generator import Generator, HostOptions
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit.config import GENERATOR
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit.kind import NAME as STREAMLIT

GENERATORS: dict[str, Generator] = {STREAMLIT: GENERATOR}


def generated_files(entry: Settings, host: HostOptions, environment: str, version: str) -> dict[str, str]:
    """The files that a release gets beside the app's own.

    :param entry: of the catalog
    :param environment: its folder
    :param version: of the kind's package in it, in words
    :returns: the text of each by its path
    :raises KindError: the environment does not hold what the kind needs, or the settings do not fit it
    """
    generator = GENERATORS.get(entry["kind"])
    return generator.files(entry, host, environment, version) if generator else {}


def generator_notices(entry: Settings, environment: str, version: str) -> list[str]:
    """What a person should know of these files: the same, without the host's part."""
    generator = GENERATORS.get(entry["kind"])
    return generator.notices(entry, environment, version) if generator else []
