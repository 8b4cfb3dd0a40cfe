# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an environment's record says; that environments are built is shown in tests/integration."""

from __future__ import annotations

from ansible_collections.selfhost.pyapps.plugins.module_utils._environments import build as _environment_build

SITE = "lib/python3.13/site-packages/"


def test_what_a_package_carries_is_not_installed() -> None:
    """setuptools has older packages of the same names in its own folder."""
    paths = [
        SITE + "packaging-26.0.dist-info/METADATA",
        SITE + "setuptools/_vendor/packaging-24.2.dist-info/METADATA",
        SITE + "Typing_Extensions-4.16.0.dist-info/METADATA",
        SITE + "packaging/__init__.py",
    ]
    assert _environment_build._installed(paths) == {"packaging": "26.0", "typing-extensions": "4.16.0"}
