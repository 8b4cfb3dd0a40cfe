# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages of a front as files."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.install import Wanted
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.pages import (
    away_page,
    gallery_page,
    never_live_page,
    not_found_page,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.routes import AppRoute, FrontSettings
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout


def page_files(routes: t.Sequence[AppRoute], settings: FrontSettings) -> list[Wanted]:
    """Every page that the front serves itself; those of apps that are gone go."""
    layout = settings.layout
    has_gallery = settings.gallery and not any(route.base == "" for route in routes)
    files = [
        Wanted(layout.gallery_page, gallery_page(routes)),
        Wanted(layout.not_found_page, not_found_page(has_gallery)),
    ]
    for route in sorted(routes, key=lambda route: route.name):
        files.append(Wanted(layout.away_page(route.name), away_page(route, has_gallery)))
        files.append(Wanted(layout.never_live_page(route.name), never_live_page(route, has_gallery)))
    return files + _gone(layout, {file.path for file in files})


def no_page_files(layout: Layout) -> list[Wanted]:
    """The same for a host whose front goes."""
    return [Wanted(layout.gallery_page, None), Wanted(layout.not_found_page, None), *_gone(layout, set())]


def _gone(layout: Layout, kept: t.Container[str]) -> list[Wanted]:
    """What an earlier run has written and this one does not want."""
    paths = [os.path.join(layout.front, "unavailable.html")]  # of an earlier version, for all apps
    if os.path.isdir(layout.front_apps):
        paths += [os.path.join(layout.front_apps, name) for name in sorted(os.listdir(layout.front_apps))]
    return [Wanted(path, None) for path in paths if path not in kept]
